//! Parameters: those neargate knows and does not support, those that are missing, and `DryRun`.

use aws::fault::Fault;

/// A parameter with a wrong value.
pub(super) fn invalid(message: impl Into<String>) -> Fault {
    Fault::new("InvalidParameterValue", message)
}

/// Parameters that don't go together.
pub(super) fn combination(message: impl Into<String>) -> Fault {
    Fault::new("InvalidParameterCombination", message)
}

/// A parameter that has to be there.
pub(super) fn missing(name: &str) -> Fault {
    Fault::new("MissingParameter", format!("The request must contain the parameter {name}"))
}

/// A parameter, or one value of it, that AWS has and neargate does not.
pub(super) fn not_supported(name: &str) -> Fault {
    Fault::new("UnsupportedOperation", format!("The parameter {name} is not supported by neargate."))
}

/// Refuses a parameter neargate does not support, if it is there.
pub(super) fn unsupported<T>(name: &str, value: Option<T>) -> Result<(), Fault> {
    if value.is_some() { Err(not_supported(name)) } else { Ok(()) }
}

/// Refuses `true` for what neargate can't switch on. `false` says what already is.
pub(super) fn only_false(name: &str, value: Option<bool>) -> Result<(), Fault> {
    unsupported(name, value.filter(|on| *on))
}

/// Ends an operation: with its answer, or when it was only to be tried, with AWS's word that it would have succeeded.
/// A refusal undoes what the transaction did, so the trial is the operation itself.
pub(super) fn done<T>(dry_run: Option<bool>, answer: T) -> Result<T, Fault> {
    if dry_run == Some(true) {
        return Err(
            Fault::new("DryRunOperation", "Request would have succeeded, but DryRun flag is set.").with_status(412)
        );
    }
    Ok(answer)
}
