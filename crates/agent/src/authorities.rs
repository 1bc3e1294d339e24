//! The certificates a container trusts: the region's authority beside whatever its image trusts already.
//!
//! The authority's certificate is at [`PATH`] in every container, and AWS's SDKs are pointed to it by the variables they know. Where the
//! image has the bundle of certificates of its distribution, the container sees that bundle with the authority added, so that whatever
//! else uses TLS there (curl, OpenSSL, Go) needs no settings. The image itself is not changed.

use containers::FileMount;
use rustix::{
    fs::{CWD, FileType, Mode, OFlags, ResolveFlags, fstat, openat2},
    io::Errno,
};
use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, Read},
    os::fd::{AsRawFd, OwnedFd},
    path::{Path, PathBuf},
};

/// Where the region's authority is in every container.
pub const PATH: &str = "/etc/neargate/ca.pem";
/// What AWS's SDKs and Node.js find it by.
const VARIABLES: [&str; 2] = ["AWS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"];
/// Where distributions keep their bundles: Debian, Ubuntu and Alpine; Alpine's OpenSSL; Amazon Linux, Red Hat and Fedora; openSUSE.
const BUNDLES: [&str; 5] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/ssl/cert.pem",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/ca-bundle.pem",
];
/// The largest bundle that is read. Mozilla's has 220 KB.
const LARGEST: u64 = 4 << 20;

/// Points AWS's SDKs to the authority, unless the image or the task definition points them elsewhere.
pub(crate) fn environment(variables: &mut BTreeMap<String, String>) {
    for name in VARIABLES {
        variables.entry(name.to_owned()).or_insert_with(|| PATH.to_owned());
    }
}

/// Writes what a container is to see into a directory of its own, and returns where each file goes. `layers` are the image's, the lowest
/// first.
///
/// # Errors
/// When a file can't be written.
pub(crate) fn mounts(directory: &Path, authority: &str, layers: &[PathBuf]) -> io::Result<Vec<FileMount>> {
    if authority.is_empty() {
        return Ok(Vec::new());
    }
    fs::create_dir_all(directory)?;
    let mut mounts = Vec::new();
    let mut mount = |name: String, path: &str, content: &str| -> io::Result<()> {
        let source = directory.join(name);
        fs::write(&source, content)?;
        mounts.push(FileMount { source, path: path.to_owned(), read_only: true });
        Ok(())
    };
    mount("ca.pem".to_owned(), PATH, authority)?;
    for (number, path) in BUNDLES.into_iter().enumerate() {
        if let Some(bundle) = in_image(layers, path) {
            mount(format!("bundle-{number}.pem"), path, &format!("{}\n{authority}", bundle.trim_end()))?;
        }
    }
    Ok(mounts)
}

/// The public authorities that this machine trusts, in PEM: the file that `SSL_CERT_FILE` names, as for OpenSSL, or the bundle of its
/// distribution. `None` where there is none.
pub fn of_this_machine() -> Option<String> {
    let named = std::env::var_os("SSL_CERT_FILE").map(PathBuf::from);
    let paths = named.map_or_else(|| BUNDLES.map(PathBuf::from).to_vec(), |path| vec![path]);
    paths.iter().find_map(|path| fs::read_to_string(path).ok())
}

/// A file of an image, if it is a plain one in the uppermost layer that has something at its path.
fn in_image(layers: &[PathBuf], path: &str) -> Option<String> {
    for layer in layers.iter().rev() {
        match find(layer, path) {
            Ok(file) => return read(&file),
            Err(Errno::NOENT) => {}
            // A link, or a whiteout on the way: the image has made something else of it.
            Err(_) => return None,
        }
    }
    None
}

/// Finds a file below a layer without opening it. An image's links lead nowhere: they might lead out of it.
fn find(layer: &Path, path: &str) -> Result<OwnedFd, Errno> {
    let layer = rustix::fs::openat(CWD, layer, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
    let inside = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
    openat2(&layer, path.trim_start_matches('/'), OFlags::PATH | OFlags::CLOEXEC, Mode::empty(), inside)
}

/// Opens what was found only once it is known for a plain file: an image may have a device there, and opening one of the host's is enough
/// to start a watchdog or to rewind a tape.
fn read(found: &OwnedFd) -> Option<String> {
    if FileType::from_raw_mode(fstat(found).ok()?.st_mode) != FileType::RegularFile {
        return None;
    }
    let file = File::open(format!("/proc/self/fd/{}", found.as_raw_fd())).ok()?;
    let mut text = String::new();
    file.take(LARGEST).read_to_string(&mut text).ok()?;
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    fn layer(dir: &Path, name: &str, path: &str, content: &str) -> PathBuf {
        let layer = dir.join(name);
        let file = layer.join(path.trim_start_matches('/'));
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, content).unwrap();
        layer
    }

    #[test]
    fn the_uppermost_bundle_of_the_image_gets_the_authority() {
        let dir = tempfile::tempdir().unwrap();
        let layers = [
            layer(dir.path(), "low", BUNDLES[0], "old\n"),
            layer(dir.path(), "high", BUNDLES[0], "new\n"),
            layer(dir.path(), "other", "/x", ""),
        ];
        let mounts = mounts(&dir.path().join("out"), "authority\n", &layers).unwrap();
        let seen: Vec<_> = mounts.iter().map(|m| (m.path.as_str(), fs::read_to_string(&m.source).unwrap())).collect();
        let expected = [(PATH, "authority\n".to_owned()), (BUNDLES[0], "new\nauthority\n".to_owned())];
        assert_eq!(seen, expected);
    }

    #[test]
    fn an_images_links_lead_nowhere() {
        let dir = tempfile::tempdir().unwrap();
        let secret = layer(dir.path(), "host", "/secret", "of the host");
        let image = dir.path().join("image");
        fs::create_dir_all(image.join("etc/ssl/certs")).unwrap();
        symlink(secret.join("secret"), image.join("etc/ssl/certs/ca-certificates.crt")).unwrap();
        symlink(&secret, image.join("etc/pki")).unwrap();
        let mounts = mounts(&dir.path().join("out"), "authority", &[image]).unwrap();
        assert_eq!(mounts.len(), 1, "{mounts:?}");
    }

    #[test]
    fn an_images_devices_are_not_opened() {
        let dir = tempfile::tempdir().unwrap();
        let image = layer(dir.path(), "image", "/x", "");
        let path = image.join("device");
        // /dev/zero: reading it would never end, and what it says is text.
        let made = rustix::fs::mknodat(CWD, &path, FileType::CharacterDevice, Mode::RUSR, rustix::fs::makedev(1, 5));
        if made.is_err() {
            return; // Devices can only be made by root.
        }
        let found = find(&image, "/device").unwrap();
        let opened = rustix::fs::fcntl_getfl(&found).unwrap();
        assert!(opened.contains(OFlags::PATH), "found, and not opened: {opened:?}");
        assert_eq!(read(&found), None);
    }

    #[test]
    fn variables_that_are_set_stay() {
        let mut variables = BTreeMap::from([("AWS_CA_BUNDLE".to_owned(), "/mine".to_owned())]);
        environment(&mut variables);
        assert_eq!((variables["AWS_CA_BUNDLE"].as_str(), variables["NODE_EXTRA_CA_CERTS"].as_str()), ("/mine", PATH));
    }
}
