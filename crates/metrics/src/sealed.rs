//! Files that are written once: the values of all series in some time, each series for itself, so that one is found without the others.
//!
//! A file is a block for each series in the order of their numbers, an index of fixed size for each (number, length and place of its
//! block), and at its end the first and the last time in it, how many series there are, and a CRC-32 of index and end. Its name says the
//! length of its periods in seconds, which window of time it is of, and from which journals its values are.

use crate::{
    codec::{Reader, Writer},
    distribution::Distribution,
};
use spec::{DAY, MINUTE, Millis};
use std::{
    borrow::Cow,
    fs::{self, File},
    io::{self, BufWriter, Write},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

const ENTRY: usize = 16;
const END: usize = 28;
const MAGIC: u32 = 0x6e67_6d31;

/// How exactly times are told, and for how long ("CloudWatch metrics retention").
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Tier {
    /// Less than a minute: for three hours.
    Fine,
    /// A minute: for 15 days.
    Minutes,
    /// Five minutes: for 63 days.
    Fives,
    /// An hour: for 455 days.
    Hours,
}

impl Tier {
    const ALL: [Self; 4] = [Self::Fine, Self::Minutes, Self::Fives, Self::Hours];

    pub(crate) fn period(self) -> Millis {
        match self {
            Self::Fine => 1000,
            Self::Minutes => MINUTE,
            Self::Fives => 5 * MINUTE,
            Self::Hours => 60 * MINUTE,
        }
    }

    pub(crate) fn kept(self) -> Millis {
        match self {
            Self::Fine => 180 * MINUTE,
            Self::Minutes => 15 * DAY,
            Self::Fives => 63 * DAY,
            Self::Hours => 455 * DAY,
        }
    }

    /// How much time a file is of.
    pub(crate) fn window(self) -> Millis {
        match self {
            // A file is of whatever came until it was written.
            Self::Fine => Millis::MAX,
            Self::Minutes => 60 * MINUTE,
            Self::Fives | Self::Hours => DAY,
        }
    }

    pub(crate) fn next(self) -> Option<Self> {
        Self::ALL.into_iter().find(|tier| *tier > self)
    }
}

/// What a file is called after.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Name {
    pub tier: Tier,
    /// Which window of its tier.
    pub window: i64,
    /// The journals its values are from.
    pub first: u64,
    pub last: u64,
}

impl Name {
    pub(crate) fn path(&self, dir: &Path) -> PathBuf {
        let Self { tier, window, first, last } = self;
        dir.join(format!("values-{}-{window}-{first}-{last}", tier.period() / 1000))
    }

    pub(crate) fn parse(name: &str) -> Option<Self> {
        let mut parts = name.strip_prefix("values-")?.split('-');
        let mut next = || parts.next();
        let seconds: Millis = next()?.parse().ok()?;
        let tier = Tier::ALL.into_iter().find(|tier| tier.period() == seconds * 1000)?;
        let name =
            Self { tier, window: next()?.parse().ok()?, first: next()?.parse().ok()?, last: next()?.parse().ok()? };
        next().is_none().then_some(name)
    }

    /// Whether all that another file has is in this one, too.
    pub(crate) fn covers(&self, other: &Self) -> bool {
        let same_time = match self.tier {
            Tier::Fine => other.tier == Tier::Fine,
            tier => {
                other.tier != Tier::Fine
                    && other.tier <= tier
                    && other.window.saturating_mul(other.tier.window()).div_euclid(tier.window()) == self.window
            }
        };
        self != other && same_time && self.first <= other.first && other.last <= self.last
    }
}

/// A file that is there.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sealed {
    pub name: Name,
    /// The first and the last time in it.
    pub from: Millis,
    pub to: Millis,
    pub bytes: u64,
}

/// A file that is being written. Series come in the order of their numbers.
#[derive(Debug)]
pub(crate) struct Making {
    name: Name,
    path: PathBuf,
    file: BufWriter<File>,
    index: Vec<u8>,
    at: u64,
    from: Millis,
    to: Millis,
}

impl Making {
    pub(crate) fn begin(dir: &Path, name: Name) -> io::Result<Self> {
        let path = name.path(dir);
        let file = BufWriter::new(File::create(path.with_extension("new"))?);
        Ok(Self { name, path, file, index: Vec::new(), at: 0, from: Millis::MAX, to: Millis::MIN })
    }

    /// Adds the values of a series, in the order of time.
    pub(crate) fn add<'a>(
        &mut self,
        series: u32,
        points: impl ExactSizeIterator<Item = (Millis, Cow<'a, Distribution>)>,
    ) -> io::Result<()> {
        if points.len() == 0 {
            return Ok(());
        }
        let mut out = Writer::default();
        let (from, to) = (&mut self.from, &mut self.to);
        out.points(points.inspect(|(at, _)| (*from, *to) = ((*from).min(*at), (*to).max(*at))));
        let sum = crc32fast::hash(&out.0);
        out.0.extend(sum.to_le_bytes());
        self.file.write_all(&out.0)?;
        self.index.extend(series.to_be_bytes());
        self.index.extend(u32::try_from(out.0.len()).unwrap_or(u32::MAX).to_be_bytes());
        self.index.extend(self.at.to_be_bytes());
        self.at += out.0.len() as u64;
        Ok(())
    }

    /// Gives it its name. None of a file without values.
    pub(crate) fn finish(mut self) -> io::Result<Option<Sealed>> {
        let new = self.path.with_extension("new");
        if self.index.is_empty() {
            fs::remove_file(new)?;
            return Ok(None);
        }
        let mut tail = std::mem::take(&mut self.index);
        let count = u32::try_from(tail.len() / ENTRY).unwrap_or(u32::MAX);
        tail.extend(self.from.to_be_bytes());
        tail.extend(self.to.to_be_bytes());
        tail.extend(count.to_be_bytes());
        tail.extend(MAGIC.to_be_bytes());
        let sum = crc32fast::hash(&tail);
        tail.extend(sum.to_be_bytes());
        self.file.write_all(&tail)?;
        self.file.flush()?;
        // The journal that has the same goes when this has its name.
        self.file.get_ref().sync_data()?;
        fs::rename(new, &self.path)?;
        let bytes = self.at + tail.len() as u64;
        Ok(Some(Sealed { name: self.name, from: self.from, to: self.to, bytes }))
    }
}

/// A file that is read.
#[derive(Debug)]
pub(crate) struct Opened {
    file: File,
    /// Where the index is.
    index: u64,
    count: usize,
    from: Millis,
    to: Millis,
}

impl Opened {
    /// Opens a file; none where it is not whole.
    fn open(path: &Path) -> io::Result<Option<Self>> {
        let file = File::open(path)?;
        let length = file.metadata()?.len();
        let Some(end) = length.checked_sub(END as u64) else { return Ok(None) };
        let mut tail = [0; END];
        file.read_exact_at(&mut tail, end)?;
        let part = |from: usize| {
            tail.get(from..from + 8).and_then(|bytes| bytes.try_into().ok()).map_or(0, i64::from_be_bytes)
        };
        let word = |from: usize| {
            tail.get(from..from + 4).and_then(|bytes| bytes.try_into().ok()).map_or(0, u32::from_be_bytes)
        };
        let count = word(16) as usize;
        let index = end.checked_sub((count * ENTRY) as u64);
        Ok(index.filter(|_| word(20) == MAGIC).map(|index| Self { file, index, count, from: part(0), to: part(8) }))
    }

    /// The numbers of its series, with places and lengths of their blocks.
    pub(crate) fn index(&self) -> io::Result<Vec<(u32, u64, u32)>> {
        let mut bytes = vec![0; self.count * ENTRY];
        self.file.read_exact_at(&mut bytes, self.index)?;
        Ok(bytes.chunks_exact(ENTRY).map(entry).collect())
    }

    /// Shows the values of one series.
    pub(crate) fn series(&self, number: u32, then: impl FnMut(Millis, Distribution)) -> io::Result<()> {
        let (mut low, mut high) = (0, self.count);
        while low < high {
            let middle = low.midpoint(high);
            let mut bytes = [0; ENTRY];
            self.file.read_exact_at(&mut bytes, self.index + (middle * ENTRY) as u64)?;
            let (found, place, length) = entry(&bytes);
            match found.cmp(&number) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
                std::cmp::Ordering::Equal => return self.block(place, length, then),
            }
        }
        Ok(())
    }

    /// Shows the values of a block. One that is not what it was is no values.
    pub(crate) fn block(&self, place: u64, length: u32, then: impl FnMut(Millis, Distribution)) -> io::Result<()> {
        let mut bytes = vec![0; length as usize];
        self.file.read_exact_at(&mut bytes, place)?;
        if let Some((block, sum)) = bytes.split_last_chunk::<4>()
            && crc32fast::hash(block) == u32::from_le_bytes(*sum)
        {
            let _ = Reader(block).points(then);
        }
        Ok(())
    }
}

fn entry(bytes: &[u8]) -> (u32, u64, u32) {
    let word =
        |from: usize| bytes.get(from..from + 4).and_then(|bytes| bytes.try_into().ok()).map_or(0, u32::from_be_bytes);
    let place = bytes.get(8..16).and_then(|bytes| bytes.try_into().ok()).map_or(0, u64::from_be_bytes);
    (word(0), place, word(4))
}

impl Sealed {
    /// What is known of a file by its name and its end; none where it is not whole.
    pub(crate) fn find(dir: &Path, name: Name) -> io::Result<Option<Self>> {
        let path = name.path(dir);
        let Some(Opened { file, index, count, from, to }) = Opened::open(&path)? else { return Ok(None) };
        let bytes = file.metadata()?.len();
        let mut tail = vec![0; count * ENTRY + END];
        file.read_exact_at(&mut tail, index)?;
        let whole =
            tail.split_last_chunk::<4>().is_some_and(|(tail, sum)| crc32fast::hash(tail) == u32::from_be_bytes(*sum));
        Ok(whole.then_some(Self { name, from, to, bytes }))
    }

    pub(crate) fn open(&self, dir: &Path) -> io::Result<Opened> {
        Opened::open(&self.name.path(dir))?.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidData))
    }
}
