//! Netlink messages as bytes (netlink(7), rtnetlink(7)): written and taken apart. Whatever does not parse ends the iteration.

/// Attributes that nest others are marked (NLA_F_NESTED).
const NESTED: u16 = 0x8000;
/// The two top bits are marks, the rest is the attribute's type.
const TYPE_MASK: u16 = 0x3fff;
/// Bytes of `struct nlmsghdr`.
const HEADER: usize = 16;

/// A message being written.
pub(crate) struct Message(Vec<u8>);

impl Message {
    /// A message of a type with flags and the fixed part that follows the header, which is a multiple of four bytes.
    pub(crate) fn new(kind: u16, flags: u16, fixed: &[u8]) -> Self {
        let mut bytes = Vec::with_capacity(256);
        bytes.extend_from_slice(&[0; 4]);
        bytes.extend_from_slice(&kind.to_ne_bytes());
        bytes.extend_from_slice(&flags.to_ne_bytes());
        bytes.extend_from_slice(&[0; 8]);
        bytes.extend_from_slice(fixed);
        Self(bytes)
    }

    /// Adds an attribute.
    pub(crate) fn attr(&mut self, kind: u16, value: &[u8]) -> &mut Self {
        let length = (value.len() + 4).min(usize::from(u16::MAX)) as u16;
        self.0.extend_from_slice(&length.to_ne_bytes());
        self.0.extend_from_slice(&kind.to_ne_bytes());
        self.0.extend_from_slice(value);
        self.pad()
    }

    /// Adds a text with the zero at its end.
    pub(crate) fn text(&mut self, kind: u16, value: &str) -> &mut Self {
        let bytes: Vec<u8> = value.bytes().chain([0]).collect();
        self.attr(kind, &bytes)
    }

    /// Adds a number the way rtnetlink wants it.
    pub(crate) fn host_u32(&mut self, kind: u16, value: u32) -> &mut Self {
        self.attr(kind, &value.to_ne_bytes())
    }

    /// Adds a number the way nf_tables wants it.
    pub(crate) fn net_u32(&mut self, kind: u16, value: u32) -> &mut Self {
        self.attr(kind, &value.to_be_bytes())
    }

    /// Adds an attribute made of attributes.
    pub(crate) fn nest(&mut self, kind: u16, inner: impl FnOnce(&mut Self)) -> &mut Self {
        self.nest_after(kind, &[], inner)
    }

    /// Adds an attribute made of a fixed part and attributes.
    pub(crate) fn nest_after(&mut self, kind: u16, fixed: &[u8], inner: impl FnOnce(&mut Self)) -> &mut Self {
        let start = self.0.len();
        self.0.extend_from_slice(&[0; 2]);
        self.0.extend_from_slice(&(kind | NESTED).to_ne_bytes());
        self.0.extend_from_slice(fixed);
        inner(self);
        let length = (self.0.len() - start).min(usize::from(u16::MAX)) as u16;
        self.put(start, &length.to_ne_bytes());
        self
    }

    fn pad(&mut self) -> &mut Self {
        self.0.resize(self.0.len().next_multiple_of(4), 0);
        self
    }

    fn put(&mut self, at: usize, bytes: &[u8]) {
        if let Some(place) = self.0.get_mut(at..at + bytes.len()) {
            place.copy_from_slice(bytes);
        }
    }

    /// Bytes so far.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Adds flags to the header's.
    pub(crate) fn flag(&mut self, flags: u16) {
        let old = self.0.get(6..8).and_then(u16_at_start).unwrap_or(0);
        self.put(6, &(old | flags).to_ne_bytes());
    }

    /// The finished message with its sequence number.
    pub(crate) fn finish(mut self, sequence: u32) -> Vec<u8> {
        let length = self.0.len() as u32;
        self.put(0, &length.to_ne_bytes());
        self.put(8, &sequence.to_ne_bytes());
        self.0
    }
}

/// One received message.
pub(crate) struct Received<'a> {
    pub kind: u16,
    pub flags: u16,
    pub sequence: u32,
    pub body: &'a [u8],
}

/// The messages of a datagram.
pub(crate) fn messages(mut bytes: &[u8]) -> impl Iterator<Item = Received<'_>> {
    std::iter::from_fn(move || {
        let length = u32_at(bytes, 0)? as usize;
        let message = bytes.get(..length).filter(|message| message.len() >= HEADER)?;
        bytes = bytes.get(length.next_multiple_of(4)..).unwrap_or_default();
        Some(Received {
            kind: message.get(4..6).and_then(u16_at_start)?,
            flags: message.get(6..8).and_then(u16_at_start)?,
            sequence: u32_at(message, 8)?,
            body: message.get(HEADER..)?,
        })
    })
}

/// The attributes of a message after its fixed part, or of another attribute.
#[derive(Clone, Copy)]
pub(crate) struct Attributes<'a>(&'a [u8]);

impl<'a> Attributes<'a> {
    /// What follows `fixed` bytes.
    pub(crate) fn after(body: &'a [u8], fixed: usize) -> Self {
        Self(body.get(fixed..).unwrap_or_default())
    }

    /// All of them.
    pub(crate) fn iter(self) -> impl Iterator<Item = (u16, &'a [u8])> {
        let mut rest = self.0;
        std::iter::from_fn(move || {
            let length = usize::from(u16_at_start(rest)?);
            let kind = rest.get(2..).and_then(u16_at_start)? & TYPE_MASK;
            let value = rest.get(4..length)?;
            rest = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
            Some((kind, value))
        })
    }

    /// The first of a type.
    pub(crate) fn get(self, kind: u16) -> Option<&'a [u8]> {
        self.iter().find(|(found, _)| *found == kind).map(|(_, value)| value)
    }

    /// A text up to its zero.
    pub(crate) fn text(self, kind: u16) -> Option<&'a str> {
        let value = self.get(kind)?;
        std::str::from_utf8(value.split(|byte| *byte == 0).next()?).ok()
    }

    /// A number in the host's order.
    pub(crate) fn host_u32(self, kind: u16) -> Option<u32> {
        self.get(kind).and_then(|value| u32_at(value, 0))
    }

    /// A number in the network's order.
    pub(crate) fn net_u32(self, kind: u16) -> Option<u32> {
        Some(u32::from_be_bytes(self.get(kind)?.first_chunk().copied()?))
    }

    /// The attributes in an attribute.
    pub(crate) fn nested(self, kind: u16) -> Option<Self> {
        self.get(kind).map(Self)
    }
}

fn u16_at_start(bytes: &[u8]) -> Option<u16> {
    bytes.first_chunk().copied().map(u16::from_ne_bytes)
}

/// A number in the host's order at an offset.
pub(crate) fn u32_at(bytes: &[u8], offset: usize) -> Option<u32> {
    bytes.get(offset..)?.first_chunk().copied().map(u32::from_ne_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_written_is_read() {
        let mut message = Message::new(7, 5, &[1, 2, 3, 4]);
        message.text(1, "abc").nest(2, |m| {
            m.net_u32(3, 9).attr(4, &[1]);
        });
        let bytes = message.finish(42);
        let all: Vec<Received> = messages(&bytes).collect();
        assert_eq!((all.len(), all[0].kind, all[0].flags, all[0].sequence), (1, 7, 5, 42));
        let attributes = Attributes::after(all[0].body, 4);
        assert_eq!(attributes.text(1), Some("abc"));
        let nested = attributes.nested(2).unwrap();
        assert_eq!((nested.net_u32(3), nested.get(4)), (Some(9), Some(&[1][..])));
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            for message in messages(&bytes) {
                Attributes::after(message.body, 4).iter().for_each(|(_, value)| assert!(value.len() < 200));
            }
        }
    }
}
