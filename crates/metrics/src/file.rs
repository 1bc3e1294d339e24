//! The files metrics are kept in: one for each day in which something came in, a line for each thing that did.
//!
//! A line is the CRC-32 of what follows in eight hexadecimal digits, a space, and an [`Entry`] as JSON. One that does not say so is the end
//! of what is read: it was being written when the process ended.

use crate::store::{Datum, Sender};
use serde::{Deserialize, Serialize};
use spec::{DAY, Millis};
use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufRead, BufReader, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

/// Something that came in.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Entry {
    /// When.
    pub now: Millis,
    /// From whom, if that matters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sender: Option<Sender>,
    /// What.
    pub data: Vec<Datum>,
}

/// The files of a directory.
#[derive(Debug)]
pub(crate) struct Files {
    dir: PathBuf,
    /// The one that is written to, by its day.
    open: Option<(i64, File)>,
}

impl Files {
    pub(crate) fn open(dir: &Path) -> io::Result<Self> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
        Ok(Self { dir: dir.to_owned(), open: None })
    }

    /// The days there are files of, in their order.
    fn days(&self) -> io::Result<Vec<i64>> {
        let mut days = Vec::new();
        for entry in fs::read_dir(&self.dir)? {
            days.extend(entry?.file_name().to_str().and_then(|name| name.parse::<i64>().ok()));
        }
        days.sort_unstable();
        Ok(days)
    }

    fn path(&self, day: i64) -> PathBuf {
        self.dir.join(day.to_string())
    }

    /// Shows every entry. What a file has after the last whole one is cut off.
    pub(crate) fn read(&self, mut then: impl FnMut(Entry)) -> io::Result<()> {
        for day in self.days()? {
            let path = self.path(day);
            let mut file = BufReader::new(File::open(&path)?);
            let (mut line, mut whole) = (Vec::new(), 0);
            while file.read_until(b'\n', &mut line)? > 0 {
                let Some(entry) = decode(&line) else { break };
                then(entry);
                whole += line.len() as u64;
                line.clear();
            }
            if fs::metadata(&path)?.len() > whole {
                OpenOptions::new().write(true).open(&path)?.set_len(whole)?;
            }
        }
        Ok(())
    }

    /// Appends an entry to the file of its day.
    pub(crate) fn append(&mut self, entry: &Entry) -> io::Result<()> {
        let line = encode(entry)?;
        disk::admit(&self.dir, line.len() as u64)?;
        let day = entry.now.div_euclid(DAY);
        let path = self.path(day);
        let file = match &mut self.open {
            Some((of, file)) if *of == day => file,
            open => {
                let file = OpenOptions::new().append(true).create(true).mode(0o600).open(path)?;
                &mut open.insert((day, file)).1
            }
        };
        let before = file.metadata()?.len();
        // Half a line would hide all that come after it.
        file.write_all(&line).inspect_err(|_| _ = file.set_len(before))
    }

    /// Removes the files of days that ended before.
    pub(crate) fn forget(&mut self, before: Millis) -> io::Result<()> {
        for day in self.days()?.into_iter().filter(|day| (day + 1) * DAY <= before) {
            fs::remove_file(self.path(day))?;
        }
        Ok(())
    }
}

fn encode(entry: &Entry) -> io::Result<Vec<u8>> {
    let json = serde_json::to_vec(entry)?;
    let mut line = format!("{:08x} ", crc32fast::hash(&json)).into_bytes();
    line.extend(json);
    line.push(b'\n');
    Ok(line)
}

fn decode(line: &[u8]) -> Option<Entry> {
    let (sum, json) = line.strip_suffix(b"\n")?.split_at_checked(9)?;
    let sum = u32::from_str_radix(std::str::from_utf8(sum).ok()?.trim_end(), 16).ok()?;
    if crc32fast::hash(json) != sum {
        return None;
    }
    serde_json::from_slice(json).ok()
}
