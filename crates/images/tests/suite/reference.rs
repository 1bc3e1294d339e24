//! References as Docker reads them.

use images::reference::{ParseError, Reference};
use proptest::prelude::*;

#[test]
fn adds_what_docker_adds() {
    let digest = format!("sha256:{}", "a".repeat(64));
    let cases = [
        ("nginx", "docker.io/library/nginx:latest"),
        ("nginx:1.27", "docker.io/library/nginx:1.27"),
        ("user/app", "docker.io/user/app:latest"),
        ("docker.io/nginx", "docker.io/library/nginx:latest"),
        ("index.docker.io/nginx", "docker.io/library/nginx:latest"),
        ("localhost/app", "localhost/app:latest"),
        ("localhost:5000/app", "localhost:5000/app:latest"),
        ("public.ecr.aws/docker/library/nginx:stable", "public.ecr.aws/docker/library/nginx:stable"),
        ("123456789012.dkr.ecr.us-east-1.amazonaws.com/a/b:v1", "123456789012.dkr.ecr.us-east-1.amazonaws.com/a/b:v1"),
        ("[::1]:5000/a__b/c---d.e", "[::1]:5000/a__b/c---d.e:latest"),
        ("UPPER/app", "UPPER/app:latest"),
        ("a:B_c.D-9", "docker.io/library/a:B_c.D-9"),
    ];
    for (text, full) in cases {
        assert_eq!(Reference::parse(text).unwrap().to_string(), full, "{text}");
    }
    let pinned = Reference::parse(&format!("nginx:1@{digest}")).unwrap();
    assert_eq!((pinned.tag(), pinned.target()), (Some("1"), digest.clone()));
    let pinned = Reference::parse(&format!("nginx@{digest}")).unwrap();
    assert_eq!(pinned.to_string(), format!("docker.io/library/nginx@{digest}"));
}

#[test]
fn refuses_what_docker_refuses_in_its_words() {
    let cases = [
        ("", "invalid reference format"),
        ("/nginx", "invalid reference format"),
        ("nginx/", "invalid reference format"),
        ("a//b", "invalid reference format"),
        (" nginx", "invalid reference format"),
        ("nginx:", "invalid reference format"),
        ("nginx:-x", "invalid reference format"),
        ("nginx:a:b", "invalid reference format"),
        ("a___b", "invalid reference format"),
        ("a..b", "invalid reference format"),
        ("-a", "invalid reference format"),
        ("a@sha256:12", "invalid reference format"),
        ("https://docker.io/nginx", "invalid reference format"),
        ("x.y:port/a", "invalid reference format"),
        ("Nginx", "invalid reference format: repository name (Nginx) must be lowercase"),
        ("docker.io/library/NGINX:1", "invalid reference format: repository name (library/NGINX) must be lowercase"),
    ];
    for (text, error) in cases {
        assert_eq!(Reference::parse(text).unwrap_err().to_string(), error, "{text:?}");
    }
    let hex = "0".repeat(64);
    let error = Reference::parse(&hex).unwrap_err().to_string();
    assert_eq!(error, format!("invalid repository name ({hex}), cannot specify 64-byte hexadecimal strings"));
    assert_eq!(Reference::parse(&"a".repeat(256)).unwrap_err(), ParseError::TooLong);
    assert_eq!(Reference::parse(&format!("a@sha512:{}", "0".repeat(128))).unwrap_err(), ParseError::UnsupportedDigest);
    assert_eq!(Reference::parse(&format!("a@sha256:{}", "0".repeat(40))).unwrap_err(), ParseError::DigestLength);
}

proptest! {
    /// Any text gives an error or a reference whose own text reads as itself.
    #[test]
    fn any_text_is_refused_or_stable(text in "\\PC{0,40}|[a-zA-Z0-9./:@_\\[\\]-]{0,60}") {
        if let Ok(reference) = Reference::parse(&text) {
            prop_assert_eq!(Reference::parse(&reference.to_string()), Ok(reference));
        }
    }

    /// What the grammar makes is read, and nothing of it is lost.
    #[test]
    fn the_grammars_words_are_read(
        registry in "(localhost|[a-z0-9]{1,9}\\.[a-z]{2,5})(:[0-9]{1,5})?",
        path in "[a-z0-9]{1,5}((\\.|_|__|-{1,3})[a-z0-9]{1,5}){0,2}(/[a-z0-9]{1,5}){0,3}",
        tag in "[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}",
        digest in proptest::option::of("[a-f0-9]{64}"),
    ) {
        let digest = digest.map(|hex| format!("@sha256:{hex}")).unwrap_or_default();
        let text = format!("{registry}/{path}:{tag}{digest}");
        let reference = Reference::parse(&text);
        prop_assert_eq!(reference.map(|reference| reference.to_string()), Ok(text));
    }
}
