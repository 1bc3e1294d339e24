//! What is between two tasks of a VPC never goes by its internet gateway, as its counter shows.

use super::{matrix::HOST, page::curl};
use crate::{cli::Failure, demo::story::Story};
use network::Instance;
use std::{fs, path::Path};

pub fn tell(story: &mut Story) -> Result<(), Failure> {
    let public = story.found.resident("public")?.clone();
    let bare = story.found.resident("bare")?.address.clone();
    let instance = Instance::of(&story.region.data_dir().canonicalize()?);
    let router = instance.router(&story.found.networks.vpc.as_str().into()).path();
    story.screen.say("Packets to and from the internet gateway are counted at the link `igw` of the VPC's router:");
    story
        .screen
        .output(&format!("ip netns exec {} ip -s link show igw", router.file_name().unwrap_or_default().display()));
    let before = counted(&router)?;
    let near = curl(story, &public.vantage, &format!("http://{bare}/"))?;
    let between = counted(&router)?;
    story.screen.output(&near.output);
    let found = format!("{} {} {before:?} packets before, {between:?} after", near.output, near.error);
    story.prove(
        "two tasks speak by private addresses, and no packet passes the internet gateway",
        near.success && before == between,
        &found,
    );
    let far = curl(story, &public.vantage, &format!("http://{HOST}/"))?;
    let after = counted(&router)?;
    story.screen.say(&format!("Received and sent there: {before:?} before, {between:?} between, {after:?} after."));
    let counted = far.success && after.0 > between.0 && after.1 > between.1;
    story.prove(
        "what goes to the internet passes it, in both directions",
        counted,
        &format!("{} {after:?} packets", far.error),
    );
    Ok(())
}

/// The packets that a router has received from the internet gateway and sent to it.
fn counted(router: &Path) -> Result<(u64, u64), Failure> {
    let links = network::inside(router, || fs::read_to_string("/proc/thread-self/net/dev"))??;
    packets(&links).ok_or_else(|| Failure(format!("no link igw is in {}", router.display())))
}

/// A line of proc_net_dev(5) is a link's name, eight numbers of what was received, and as many of what was sent; the second of each
/// eight are the packets.
fn packets(links: &str) -> Option<(u64, u64)> {
    let line = links.lines().find_map(|line| line.trim().strip_prefix("igw:"))?;
    let numbers: Vec<u64> = line.split_whitespace().map_while(|number| number.parse().ok()).collect();
    Some((*numbers.get(1)?, *numbers.get(9)?))
}

#[cfg(test)]
mod tests {
    #[test]
    fn packets_are_read_in_both_directions() {
        let text = "Inter-|   Receive\n face |bytes\n    lo: 1 2 0 0 0 0 0 0 3 4 0 0 0 0 0 0\n   igw: 500 7 0 0 0 0 0 0 600 9 0 0 0 0 0 0\n";
        assert_eq!(super::packets(text), Some((7, 9)));
        assert_eq!(super::packets("lo: 1 2"), None);
    }
}
