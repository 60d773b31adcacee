//! Randomness, time and changed copies for all targets.

use std::time::{Duration, Instant, SystemTime};

/// Bytes that an input may grow to.
pub(crate) const INPUT_BYTES_MAX: usize = 64 * 1024;

/// Calls `try_one` with changed copies of the corpus until the time is over. A panic in it is reported with the seed
/// and the input.
pub(crate) fn run(name: &str, corpus: &[Vec<u8>], words: &[&str], try_one: impl Fn(&[u8]) + std::panic::RefUnwindSafe) {
    for input in corpus {
        attempt(name, "corpus", input, &try_one);
    }
    let seed = seed();
    let mut random = Random::new(seed);
    let end = Instant::now() + budget();
    let mut runs = 0_u64;
    while Instant::now() < end {
        let input = changed(corpus, words, &mut random);
        attempt(name, &format!("HACTL_FUZZ_SEED={seed}, run {runs}"), &input, &try_one);
        runs += 1;
    }
    println!("{name}: {runs} runs, seed {seed}");
    assert!(runs > 0, "{name}: no time for a single run");
}

/// Every file of `tests/fuzz/corpus/FOLDER`, sorted by name.
pub(crate) fn corpus(folder: &str) -> Vec<Vec<u8>> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus").join(folder);
    let entries = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty(), "{} is empty", folder.display());
    files.iter().map(|file| std::fs::read(file).unwrap()).collect()
}

/// xorshift64*: small, quick, and the same everywhere.
pub(crate) struct Random(u64);

impl Random {
    /// The sequence of this seed.
    pub(crate) fn new(seed: u64) -> Self {
        // A few steps, so that neighbouring seeds part; zero would stay zero.
        let mut random = Self(seed ^ 0x9e37_79b9_7f4a_7c15 | 1);
        (0..8).for_each(|_| _ = random.next());
        random
    }

    /// The next 64 bits.
    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// A number below `end`; 0 when `end` is 0.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }

    /// One of these.
    pub(crate) fn pick<'i, T>(&mut self, items: &'i [T]) -> &'i T {
        &items[self.below(items.len())]
    }
}

fn attempt(name: &str, origin: &str, input: &[u8], try_one: &(impl Fn(&[u8]) + std::panic::RefUnwindSafe)) {
    if let Err(panic) = std::panic::catch_unwind(|| try_one(input)) {
        println!("{name} failed on ({origin}), {} bytes; the least that fails too:", input.len());
        let least = least(input, try_one);
        println!("{}\nas bytes: {}", String::from_utf8_lossy(&least), least.escape_ascii());
        std::panic::resume_unwind(panic);
    }
}

/// Takes pieces out as long as the rest still fails.
fn least(input: &[u8], try_one: &(impl Fn(&[u8]) + std::panic::RefUnwindSafe)) -> Vec<u8> {
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {})); // the first message was the one to read
    let mut least = input.to_vec();
    let mut piece = least.len().next_power_of_two();
    while piece > 0 {
        let mut at = 0;
        while at < least.len() {
            let mut less = least.clone();
            less.drain(at..(at + piece).min(least.len()));
            if std::panic::catch_unwind(|| try_one(&less)).is_err() {
                least = less;
            } else {
                at += piece;
            }
        }
        piece /= 2;
    }
    std::panic::set_hook(hook);
    least
}

fn changed(corpus: &[Vec<u8>], words: &[&str], random: &mut Random) -> Vec<u8> {
    let mut input = random.pick(corpus).clone();
    for _ in 0..=random.below(6) {
        change(&mut input, corpus, words, random);
        input.truncate(INPUT_BYTES_MAX);
    }
    input
}

fn change(input: &mut Vec<u8>, corpus: &[Vec<u8>], words: &[&str], random: &mut Random) {
    let at = random.below(input.len() + 1);
    let to = (at + random.below(40)).min(input.len());
    match random.below(9) {
        0 if at < input.len() => input[at] = random.next() as u8,
        1 if at < input.len() => input[at] ^= 1 << random.below(8),
        2 => drop(input.splice(at..at, [random.next() as u8])),
        3 => drop(input.drain(at..to)),
        4 => input.truncate(at),
        5 => {
            let piece = input[at..to].repeat(1 + random.below(50));
            input.splice(at..at, piece);
        }
        6 => {
            let other = random.pick(corpus);
            let from = random.below(other.len() + 1);
            input.truncate(at);
            input.extend_from_slice(&other[from..]);
        }
        7 if input.len() > 1 => {
            let lines: Vec<Vec<u8>> = input.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
            let mut lines = lines;
            let (left, right) = (random.below(lines.len()), random.below(lines.len()));
            lines.swap(left, right);
            *input = lines.join(&b'\n');
        }
        _ if !words.is_empty() => drop(input.splice(at..at, random.pick(words).bytes())),
        _ => {}
    }
}

fn budget() -> Duration {
    let seconds = std::env::var("HACTL_FUZZ_SECONDS").ok().and_then(|text| text.parse().ok());
    Duration::from_secs_f64(seconds.unwrap_or(3.0))
}

fn seed() -> u64 {
    let clock = || SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(1, |since| since.as_nanos() as u64);
    std::env::var("HACTL_FUZZ_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or_else(clock)
}
