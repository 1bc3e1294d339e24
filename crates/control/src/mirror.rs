//! Which registries there are on the internet: those that images were loaded from, beside the ones everybody knows.

use crate::{Tx, state::MirroredRegistry};
use std::collections::BTreeSet;

/// Takes in which registries the mirror has images of.
pub fn set_registries(tx: &mut Tx<'_>, names: &BTreeSet<String>) {
    let gone: Vec<String> =
        tx.state.mirrored_registries.iter().map(|r| r.name.clone()).filter(|name| !names.contains(name)).collect();
    for name in gone {
        tx.state.mirrored_registries.remove(&name);
    }
    for name in names {
        tx.state.mirrored_registries.put(MirroredRegistry { name: name.clone() });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::World;

    #[test]
    fn registries_come_and_go_with_their_images() {
        let mut world = World::new();
        let set = |world: &mut World, names: &[&str]| {
            let names = names.iter().map(|name| (*name).to_owned()).collect();
            let set = |tx: &mut Tx<'_>| {
                set_registries(tx, &names);
                Ok(())
            };
            world.transact(set).unwrap();
            crate::ec2::topology(&world.state).registries.into_iter().collect::<Vec<_>>()
        };
        assert_eq!(
            set(&mut world, &["docker.io", "registry.example.com:5000"]),
            ["docker.io", "registry.example.com:5000"]
        );
        assert_eq!(set(&mut world, &["quay.io"]), ["quay.io"]);
    }
}
