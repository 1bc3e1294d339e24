//! Pages of `docs/` that the code writes. `GOLDEN=write` writes them anew.

use std::{env, fs, path::Path};

#[test]
fn the_list_of_resource_types_is_what_stacks_are_made_of() {
    let (text, path) = (control::cloudformation::document(), Path::new("../../docs/cloudformation.md"));
    if env::var_os("GOLDEN").is_some_and(|value| value == "write") {
        fs::write(path, &text).unwrap();
    }
    let kept = fs::read_to_string(path).unwrap_or_default();
    let differs = text.lines().zip(kept.lines()).find(|(new, old)| new != old);
    assert!(text == kept, "docs/cloudformation.md is another: {differs:?}; write it anew with GOLDEN=write");
}
