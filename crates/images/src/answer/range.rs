//! The `Range` header (RFC 9110, section 14.2): one range of bytes. Several at once are answered with everything,
//! which the RFC allows.

/// What part of a file is asked for.
#[derive(Debug, PartialEq, Eq)]
pub enum Part {
    /// All of it.
    Whole,
    /// Bytes `first` to `last`, both included.
    Range {
        /// The first byte.
        first: u64,
        /// The last byte.
        last: u64,
    },
    /// Nothing the file has.
    Outside,
}

impl Part {
    /// The part that a header asks for of so many bytes.
    pub fn of(header: Option<&str>, size: u64) -> Self {
        let Some((first, last)) = header.and_then(|h| h.trim().strip_prefix("bytes=")).and_then(|r| r.split_once('-'))
        else {
            return Self::Whole;
        };
        match (first.trim().parse::<u64>(), last.trim().parse::<u64>()) {
            (Ok(first), Ok(last)) if first > last => Self::Whole,
            (Ok(first), _) if first >= size => Self::Outside,
            (Ok(first), Ok(last)) => Self::Range { first, last: last.min(size - 1) },
            (Ok(first), Err(_)) if last.trim().is_empty() => Self::Range { first, last: size - 1 },
            (Err(_), Ok(suffix)) if first.trim().is_empty() => match suffix {
                0 => Self::Outside,
                _ if size == 0 => Self::Whole,
                suffix => Self::Range { first: size - suffix.min(size), last: size - 1 },
            },
            _ => Self::Whole,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Part;

    #[test]
    fn reads_the_forms_of_the_rfc() {
        let of = |header| Part::of(Some(header), 10);
        assert_eq!(Part::of(None, 10), Part::Whole);
        assert_eq!(of("bytes=0-"), Part::Range { first: 0, last: 9 });
        assert_eq!(of("bytes=3-5"), Part::Range { first: 3, last: 5 });
        assert_eq!(of("bytes=3-500"), Part::Range { first: 3, last: 9 });
        assert_eq!(of("bytes=-4"), Part::Range { first: 6, last: 9 });
        assert_eq!(of("bytes=-40"), Part::Range { first: 0, last: 9 });
        assert_eq!(of("bytes=10-"), Part::Outside);
        assert_eq!(of("bytes=-0"), Part::Outside);
        for ignored in ["bytes=5-3", "bytes=1-2,4-5", "lines=1-2", "bytes=x-", "bytes=", "bytes=99999999999999999999-"]
        {
            assert_eq!(of(ignored), Part::Whole, "{ignored}");
        }
        assert_eq!(Part::of(Some("bytes=-5"), 0), Part::Whole);
        assert_eq!(Part::of(Some("bytes=0-"), 0), Part::Outside);
    }
}
