//! GetRandomPassword.

use crate::{Caller, Tx, testing::World};
use aws::{api::secretsmanager::GetRandomPasswordRequest, doc::Timestamp};
use proptest::prelude::*;
use serde_json::json;
use std::collections::BTreeSet;

fn password(world: &mut World, request: serde_json::Value) -> String {
    world.secrets("GetRandomPassword", request)["RandomPassword"].as_str().unwrap().to_owned()
}

#[test]
fn passwords_are_of_32_characters_of_every_type_and_differ() {
    let mut world = World::new();
    let all: BTreeSet<String> = (0..50).map(|_| password(&mut world, json!({}))).collect();
    assert_eq!(all.len(), 50);
    for password in all {
        let has = |of: fn(&char) -> bool| password.chars().any(|c| of(&c));
        assert_eq!(password.len(), 32);
        assert!(has(char::is_ascii_lowercase) && has(char::is_ascii_uppercase) && has(char::is_ascii_digit));
        assert!(has(char::is_ascii_punctuation) && !password.contains(' '));
    }
    assert_eq!(world.state.revision, 0, "a password is kept nowhere");
}

#[test]
fn who_knows_what_ids_are_drawn_from_knows_no_password() {
    let (world, caller) = (World::new(), Caller::default());
    let draw = |seed: u128| {
        let mut tx = Tx::seeded(world.state.clone(), Timestamp::default(), &caller, seed);
        let id = tx.draw();
        (id, super::super::password::get(&mut tx, GetRandomPasswordRequest::default()).unwrap().random_password)
    };
    let (one, other) = (draw(7), draw(7 | 1 << 100));
    assert_eq!(one.0, other.0);
    assert_ne!(one.1, other.1);
}

#[test]
fn what_leaves_nothing_to_choose_is_refused() {
    let mut world = World::new();
    for (request, refusal) in [
        (
            json!({"PasswordLength": 3}),
            "InvalidParameterException: Password length is too short based on the required types.",
        ),
        (
            json!({"ExcludeNumbers": true, "ExcludePunctuation": true, "ExcludeUppercase": true, "ExcludeLowercase": true}),
            "InvalidParameterException: All characters have been excluded from selection.",
        ),
        (
            json!({"ExcludeCharacters": "0123456789"}),
            "InvalidParameterException: All characters of the desired type have been excluded.",
        ),
    ] {
        assert_eq!(world.secrets_refuse("GetRandomPassword", request), refusal);
    }
    let long = world.secrets_refuse("GetRandomPassword", json!({"PasswordLength": 4097}));
    assert!(long.contains("Value '4097' at 'passwordLength' failed to satisfy constraint"), "{long}");
    assert_eq!(password(&mut world, json!({"PasswordLength": 3, "RequireEachIncludedType": false})).len(), 3);
}

proptest! {
    #[test]
    fn a_password_is_made_of_what_it_may_be_made_of(
        length in 8..200usize,
        exclude in "[a-mA-M0-4!-.]{0,10}",
        numbers: bool, punctuation: bool, uppercase: bool, space: bool, each: bool,
    ) {
        let mut world = World::new();
        let drawn = password(&mut world, json!({
            "PasswordLength": length, "ExcludeCharacters": exclude, "ExcludeNumbers": numbers, "ExcludePunctuation": punctuation,
            "ExcludeUppercase": uppercase, "IncludeSpace": space, "RequireEachIncludedType": each,
        }));
        let has = |of: fn(&char) -> bool| drawn.chars().any(|c| of(&c));
        prop_assert_eq!(drawn.len(), length);
        prop_assert!(!drawn.chars().any(|c| exclude.contains(c)));
        for (excluded, of) in [
            (numbers, char::is_ascii_digit as fn(&char) -> bool),
            (punctuation, char::is_ascii_punctuation),
            (uppercase, char::is_ascii_uppercase),
            (!space, |c: &char| *c == ' '),
        ] {
            prop_assert!(!(excluded && has(of)));
            prop_assert!(excluded || !each || has(of));
        }
    }
}
