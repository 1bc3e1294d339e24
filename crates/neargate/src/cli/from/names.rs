//! The files about names of vantage points that are no task's. They are there only while they are mounted.

use crate::cli::Failure;
use std::{fs, path::Path};
use tempfile::TempDir;
use vpc::{INTERNET_RESOLVER, Vpc};

/// A directory with `hosts` and `resolv.conf`.
pub struct Names(TempDir);

/// Those of a machine in a VPC.
pub fn of_interface(vpc: &Vpc, region: &str) -> Result<Names, Failure> {
    Names::new(&agent::files::resolv_conf(vpc, region))
}

/// Those of a host on the internet, whose names are public.
pub fn of_internet() -> Result<Names, Failure> {
    Names::new(&format!("nameserver {INTERNET_RESOLVER}\n"))
}

impl Names {
    fn new(resolv_conf: &str) -> Result<Self, Failure> {
        let directory = TempDir::with_prefix("neargate-")?;
        fs::write(directory.path().join("hosts"), "127.0.0.1 localhost\n")?;
        fs::write(directory.path().join("resolv.conf"), resolv_conf)?;
        Ok(Self(directory))
    }

    /// Hands the directory to what mounts the files, and takes it away afterwards: what is mounted stays.
    pub fn within(self, mount: impl FnOnce(&Path) -> Result<(), Failure>) -> Result<(), Failure> {
        mount(self.0.path())
    }
}
