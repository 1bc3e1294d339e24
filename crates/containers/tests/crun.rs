//! The contract suite on crun, the reference. Needs root and the package crun.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

#[allow(dead_code, reason = "some contracts are our own launcher's alone")]
mod suite;

common_contracts!(containers::RuntimeKind::Crun);

#[test]
fn a_terminal_is_refused_by_name() {
    let task = suite::fixture::Task::new(containers::RuntimeKind::Crun);
    task.sandbox().start(&task.service("main")).unwrap();
    let exec = containers::Exec { argv: vec!["/bin/true".into()], ..containers::Exec::default() };
    match task.sandbox().attach("main", &exec, Some(containers::WindowSize::default())) {
        Err(containers::Error::Start(error)) => {
            assert_eq!(error.message, "a terminal for a command is not supported with the runtime crun");
        }
        other => panic!("{other:?}"),
    }
}
