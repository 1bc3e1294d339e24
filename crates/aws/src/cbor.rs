//! Bodies of Smithy's RPC v2 protocol: a request or a reply is one map in CBOR (RFC 8949). A moment is a number of seconds with the tag 1.

use crate::doc::Doc;
use crate::fault::Fault;
use std::collections::BTreeMap;

/// Reads a request's body, within a depth and a number of values. An empty one is an empty map.
pub(crate) fn read(body: &[u8], depth: usize, values: usize) -> Result<Doc, Fault> {
    if body.is_empty() {
        return Ok(Doc::Map(BTreeMap::new()));
    }
    let mut reader = Reader { rest: body, values };
    match reader.value(depth) {
        Some(doc) if reader.rest.is_empty() => Ok(doc),
        _ => Err(Fault::new(
            "SerializationException",
            format!("The body is no CBOR that is understood, at byte {}.", body.len() - reader.rest.len()),
        )),
    }
}

struct Reader<'a> {
    rest: &'a [u8],
    values: usize,
}

/// What ends a list or a map of a length that is not told before.
const BREAK: u8 = 0xff;

impl Reader<'_> {
    fn take(&mut self, count: usize) -> Option<&[u8]> {
        let (taken, rest) = self.rest.split_at_checked(count)?;
        self.rest = rest;
        Some(taken)
    }

    fn unsigned(&mut self, bytes: usize) -> Option<u64> {
        Some(self.take(bytes)?.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    /// The number in a head; none where there is a break instead.
    fn argument(&mut self, short: u8) -> Option<Option<u64>> {
        Some(Some(match short {
            0..=23 => u64::from(short),
            24 => self.unsigned(1)?,
            25 => self.unsigned(2)?,
            26 => self.unsigned(4)?,
            27 => self.unsigned(8)?,
            31 => return Some(None),
            _ => return None,
        }))
    }

    fn is_over(&mut self, left: &mut Option<u64>) -> Option<bool> {
        match left {
            Some(0) => Some(true),
            Some(left) => {
                *left -= 1;
                Some(false)
            }
            None if *self.rest.first()? == BREAK => self.take(1).map(|_| true),
            None => Some(false),
        }
    }

    fn value(&mut self, depth: usize) -> Option<Doc> {
        self.values = self.values.checked_sub(1)?;
        let depth = depth.checked_sub(1)?;
        let head = *self.take(1)?.first()?;
        let (major, short) = (head >> 5, head & 31);
        if major == 7 {
            return self.simple(short);
        }
        let argument = self.argument(short)?;
        Some(match major {
            0 => {
                let number = argument?;
                i64::try_from(number).map_or(Doc::Float(number as f64), Doc::Int)
            }
            1 => {
                let number = argument?;
                i64::try_from(number).map_or(Doc::Float(-1.0 - number as f64), |number| Doc::Int(-1 - number))
            }
            2 => Doc::Blob(self.bytes(major, argument)?),
            3 => Doc::Text(String::from_utf8(self.bytes(major, argument)?).ok()?),
            4 => {
                let (mut left, mut items) = (argument, Vec::new());
                while !self.is_over(&mut left)? {
                    items.push(self.value(depth)?);
                }
                Doc::List(items)
            }
            5 => {
                let (mut left, mut members) = (argument, BTreeMap::new());
                while !self.is_over(&mut left)? {
                    let Doc::Text(key) = self.value(depth)? else { return None };
                    members.insert(key, self.value(depth)?);
                }
                Doc::Map(members)
            }
            // Seconds with the tag are read like seconds without.
            _ => self.value(depth)?,
        })
    }

    /// Bytes or text, in one piece or, without a length, in several.
    fn bytes(&mut self, major: u8, length: Option<u64>) -> Option<Vec<u8>> {
        if let Some(length) = length {
            return Some(self.take(usize::try_from(length).ok()?)?.to_vec());
        }
        let mut all = Vec::new();
        while !self.is_over(&mut None)? {
            let head = *self.take(1)?.first()?;
            let length = self.argument(head & 31)??;
            if head >> 5 != major {
                return None;
            }
            all.extend_from_slice(self.take(usize::try_from(length).ok()?)?);
        }
        Some(all)
    }

    fn simple(&mut self, short: u8) -> Option<Doc> {
        Some(match short {
            20 => Doc::Bool(false),
            21 => Doc::Bool(true),
            22 | 23 => Doc::Null,
            25 => Doc::Float(half(u16::try_from(self.unsigned(2)?).ok()?)),
            26 => Doc::Float(f32::from_bits(u32::try_from(self.unsigned(4)?).ok()?).into()),
            27 => Doc::Float(f64::from_bits(self.unsigned(8)?)),
            _ => return None,
        })
    }
}

/// A number of sixteen bits (RFC 8949, appendix D).
fn half(bits: u16) -> f64 {
    let (exponent, mantissa) = (i32::from(bits >> 10 & 31), f64::from(bits & 1023));
    let size = match exponent {
        0 => mantissa * 2f64.powi(-24),
        31 if mantissa == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        exponent => (mantissa + 1024.0) * 2f64.powi(exponent - 25),
    };
    if bits >> 15 == 1 { -size } else { size }
}

/// Writes a reply's body. Members that are not there are left out; a reply without any shape is an empty map.
pub(crate) fn write(doc: &Doc) -> Vec<u8> {
    let mut out = Vec::new();
    match doc {
        Doc::Null => head(&mut out, 5, 0),
        doc => append(&mut out, doc),
    }
    out
}

fn head(out: &mut Vec<u8>, major: u8, argument: u64) {
    let major = major << 5;
    match argument {
        0..=23 => out.push(major | argument as u8),
        24..=0xff => out.extend([major | 24, argument as u8]),
        0x100..=0xffff => {
            out.push(major | 25);
            out.extend((argument as u16).to_be_bytes());
        }
        0x1_0000..=0xffff_ffff => {
            out.push(major | 26);
            out.extend((argument as u32).to_be_bytes());
        }
        _ => {
            out.push(major | 27);
            out.extend(argument.to_be_bytes());
        }
    }
}

fn append(out: &mut Vec<u8>, doc: &Doc) {
    match doc {
        // No shape writes a form.
        Doc::Null | Doc::Form(_) | Doc::Element(_) => out.push(0xf6),
        Doc::Bool(value) => out.push(if *value { 0xf5 } else { 0xf4 }),
        Doc::Int(value) if *value < 0 => head(out, 1, value.unsigned_abs() - 1),
        Doc::Int(value) => head(out, 0, value.unsigned_abs()),
        Doc::Float(value) => float(out, *value),
        Doc::Text(text) => {
            head(out, 3, text.len() as u64);
            out.extend_from_slice(text.as_bytes());
        }
        Doc::Time(moment) => {
            head(out, 6, 1);
            float(out, moment.millis as f64 / 1000.0);
        }
        Doc::Blob(bytes) => {
            head(out, 2, bytes.len() as u64);
            out.extend_from_slice(bytes);
        }
        Doc::List(items) => {
            head(out, 4, items.len() as u64);
            items.iter().for_each(|item| append(out, item));
        }
        Doc::Map(members) => map(out, members.iter().map(|(key, value)| (key.as_str(), value))),
        Doc::Struct(members) => map(out, members.iter().map(|(key, value)| (*key, value))),
    }
}

fn float(out: &mut Vec<u8>, value: f64) {
    out.push(0xfb);
    out.extend(value.to_be_bytes());
}

fn map<'a>(out: &mut Vec<u8>, members: impl Iterator<Item = (&'a str, &'a Doc)> + Clone) {
    let there = members.filter(|(_, value)| **value != Doc::Null);
    head(out, 5, there.clone().count() as u64);
    for (key, value) in there {
        head(out, 3, key.len() as u64);
        out.extend_from_slice(key.as_bytes());
        append(out, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn hex(text: &str) -> Vec<u8> {
        (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
    }

    /// Examples of RFC 8949, appendix A.
    #[test]
    fn examples() {
        let text = |text: &str| Doc::Text(text.to_owned());
        let ints = |all: &[i64]| Doc::List(all.iter().copied().map(Doc::Int).collect());
        for (bytes, doc) in [
            ("1903e8", Doc::Int(1000)),
            ("3903e7", Doc::Int(-1000)),
            ("1bffffffffffffffff", Doc::Float(18_446_744_073_709_551_615.0)),
            ("f93c00", Doc::Float(1.0)),
            ("f90001", Doc::Float(5.960464477539063e-8)),
            ("f9fc00", Doc::Float(f64::NEG_INFINITY)),
            ("fa47c35000", Doc::Float(100_000.0)),
            ("fb3ff199999999999a", Doc::Float(1.1)),
            ("c1fb41d452d9ec200000", Doc::Float(1_363_896_240.5)),
            ("4401020304", Doc::Blob(vec![1, 2, 3, 4])),
            ("62c3bc", text("ü")),
            ("7f657374726561646d696e67ff", text("streaming")),
            ("9f0102ff", ints(&[1, 2])),
            ("bf61610161629f0203ffff", Doc::Map([("a".into(), Doc::Int(1)), ("b".into(), ints(&[2, 3]))].into())),
            ("f5", Doc::Bool(true)),
            ("f6", Doc::Null),
        ] {
            assert_eq!(read(&hex(bytes), 8, 8).unwrap(), doc, "{bytes}");
        }
    }

    #[test]
    fn what_is_too_deep_too_much_or_cut_off_is_refused() {
        for bytes in
            ["8181818100", "9b00000000ffffffff", "5bffffffffffffffff00", "a1", "a10102", "62ff", "0000", "1c", "ff"]
        {
            assert!(read(&hex(bytes), 4, 100).is_err(), "{bytes}");
        }
        assert!(read(&hex("8400000000"), 4, 4).is_err());
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(ints in prop::collection::vec(any::<i64>(), 0..30), text in ".*", float in -1e300f64..1e300) {
            let members = vec![
                ("ints", Doc::List(ints.iter().copied().map(Doc::Int).collect())),
                ("none", Doc::Null),
                ("text", Doc::Text(text.clone())),
                ("float", Doc::Float(float)),
            ];
            let mut read = read(&write(&Doc::Struct(members)), 4, 100).unwrap();
            prop_assert_eq!(read.take("ints"), Doc::List(ints.into_iter().map(Doc::Int).collect()));
            prop_assert_eq!(read.take("text"), Doc::Text(text));
            prop_assert_eq!(read.take("float"), Doc::Float(float));
            prop_assert_eq!(read, Doc::Map(BTreeMap::new()));
        }

        #[test]
        fn nothing_panics(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            let _ = read(&bytes, 8, 100);
        }
    }
}
