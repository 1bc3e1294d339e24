//! Public image registries as networks see them: names on the internet, all of them answered by the region's mirror, at one address.

use std::net::{IpAddr, Ipv4Addr};

/// Where they answer (TEST-NET-3, RFC 5737).
pub const REGISTRIES: IpAddr = IpAddr::V4(Ipv4Addr::new(203, 0, 113, 20));
/// Registries that there are on the internet whether an image of theirs was loaded or not. Docker Hub's own name leads to `registry-1`.
pub const PUBLIC_REGISTRIES: [&str; 8] = [
    "gcr.io",
    "ghcr.io",
    "index.docker.io",
    "mcr.microsoft.com",
    "public.ecr.aws",
    "quay.io",
    "registry-1.docker.io",
    "registry.k8s.io",
];

/// The host and the port of a registry as an image's name has it; HTTPS's where it names none.
pub fn host_and_port(registry: &str) -> (&str, u16) {
    let split = registry.rsplit_once(':').and_then(|(host, port)| Some((host, port.parse().ok()?)));
    split.unwrap_or((registry, 443))
}
