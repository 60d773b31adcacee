//! Attributes of netlink messages: written for every protocol, and read where an answer is more than a verdict.

/// Attributes in their binary form. Numbers are big-endian, as nf_tables wants them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Attributes(Vec<u8>);

impl Attributes {
    /// Adds bytes.
    #[must_use]
    pub(crate) fn bytes(mut self, kind: u16, value: &[u8]) -> Self {
        let length = u16::try_from(4 + value.len()).unwrap_or(u16::MAX);
        self.0.extend(length.to_ne_bytes());
        self.0.extend(kind.to_ne_bytes());
        self.0.extend(value);
        self.0.resize(self.0.len().next_multiple_of(4), 0);
        self
    }

    /// Adds a string with its closing NUL.
    #[must_use]
    pub(crate) fn text(self, kind: u16, value: &str) -> Self {
        let mut bytes = value.as_bytes().to_vec();
        bytes.push(0);
        self.bytes(kind, &bytes)
    }

    /// Adds a 32-bit number.
    #[must_use]
    pub(crate) fn number(self, kind: u16, value: u32) -> Self {
        self.bytes(kind, &value.to_be_bytes())
    }

    /// Adds a 64-bit number.
    #[must_use]
    pub(crate) fn long(self, kind: u16, value: u64) -> Self {
        self.bytes(kind, &value.to_be_bytes())
    }

    /// What was added so far.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Adds attributes within an attribute.
    #[must_use]
    pub(crate) fn nest(self, kind: u16, inner: &Self) -> Self {
        self.bytes(kind | NESTED, &inner.0)
    }
}

/// The attributes in a message or in another attribute; stops at what is cut off.
pub(crate) fn attributes(bytes: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let length = usize::from(u16_of(rest)?);
        let kind = u16_of(rest.get(2..)?)?;
        let value = rest.get(4..length)?;
        rest = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
        Some((kind & TYPE_MASK, value))
    })
}

/// The 16-bit number at the start of a value, in the machine's order.
pub(crate) fn u16_of(value: &[u8]) -> Option<u16> {
    value.first_chunk().copied().map(u16::from_ne_bytes)
}

/// The 32-bit number at the start of a value, in the machine's order.
pub(crate) fn u32_of(value: &[u8]) -> Option<u32> {
    value.first_chunk().copied().map(u32::from_ne_bytes)
}

/// The 64-bit number at the start of a value, in the machine's order.
pub(crate) fn u64_of(value: &[u8]) -> Option<u64> {
    value.first_chunk().copied().map(u64::from_ne_bytes)
}

const TYPE_MASK: u16 = 0x3fff; // the upper bits say nested and byte order
const NESTED: u16 = 0x8000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_padded_and_counted() {
        let inner = Attributes::default().number(2, 0x0102_0304);
        let outer = Attributes::default().text(1, "abc").nest(4, &inner);
        let expected = [&[8, 0, 1, 0, b'a', b'b', b'c', 0][..], &[12, 0, 4, 0x80, 8, 0, 2, 0, 1, 2, 3, 4]].concat();
        assert_eq!(outer.0, expected, "on a little-endian machine");
    }

    #[test]
    fn attributes_are_read_up_to_what_is_cut_off() {
        let inner = Attributes::default().bytes(5, &7u16.to_ne_bytes());
        let written = Attributes::default().text(1, "abc").nest(2, &inner).bytes(3, &9u32.to_ne_bytes());
        let bytes = written.as_bytes();
        let read: Vec<_> = attributes(bytes).collect();
        assert_eq!(read[0], (1, &b"abc\0"[..]));
        assert_eq!(
            attributes(read[1].1).map(|(kind, value)| (kind, u16_of(value))).collect::<Vec<_>>(),
            [(5, Some(7))]
        );
        assert_eq!((read[2].0, u32_of(read[2].1)), (3, Some(9)));
        for cut in 0..bytes.len() {
            assert!(attributes(&bytes[..cut]).count() < 3, "{cut}");
        }
        assert_eq!(attributes(&[0; 8]).count(), 0, "an attribute shorter than its head ends the list");
    }
}
