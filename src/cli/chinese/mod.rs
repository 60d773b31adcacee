//! Chinese for people whose environment asks for it ([`language`]): the catalogue of translations ([`catalogue`]), by
//! code, by keyword, and by the English text itself, which stands where it is said ([`said`]) and is what everybody
//! sees where nothing is translated. Only what is shown to people comes through here: JSON, logs and what an agent and
//! a desk say to each other stay English. It uses nobody.

pub(crate) mod catalogue;
pub(crate) mod language;
pub(crate) mod lines;
pub(crate) mod said;

#[cfg(test)]
mod drills;
#[cfg(test)]
mod pages;
#[cfg(test)]
mod tests;
