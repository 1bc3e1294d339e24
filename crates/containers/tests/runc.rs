//! The contract suite on runc. Needs root and the package runc.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

#[allow(dead_code, reason = "some contracts are our own launcher's alone")]
mod suite;

common_contracts!(containers::RuntimeKind::Runc);

mod oci {
    crate::contracts! {
        containers::RuntimeKind::Runc;
        errors: a_terminal_is_refused_by_name;
    }
}
