//! A container's health check.

use super::refuse_if;
use aws::{api::ecs::HealthCheck, fault::Fault};

/// Checks a health check and fills in its times ("HealthCheck", Amazon ECS API Reference).
///
/// # Errors
/// `ClientException` in AWS's words.
pub(super) fn complete(health: &mut HealthCheck, container: &str) -> Result<(), Fault> {
    let HealthCheck { command, interval, timeout, retries, start_period } = health;
    let command = command.as_deref().unwrap_or_default();
    let shell = command.first().is_some_and(|first| first == "CMD" || first == "CMD-SHELL");
    refuse_if(!shell || command.len() < 2, || {
        format!(
            "Health check command must start with CMD or CMD-SHELL and have something to run for container '{container}'"
        )
    })?;
    let limits = [
        ("interval", Some(*interval.get_or_insert(30)), 5, 300),
        ("timeout", Some(*timeout.get_or_insert(5)), 2, 60),
        ("retries", Some(*retries.get_or_insert(3)), 1, 10),
        ("startPeriod", *start_period, 0, 300),
    ];
    for (what, value, least, most) in limits {
        let Some(value) = value else { continue };
        refuse_if(value < least, || {
            format!(
                "Health check {what} must be greater than or equal to the minimum allowed value {least} for container '{container}'"
            )
        })?;
        refuse_if(value > most, || {
            format!(
                "Health check {what} must be less than or equal to the maximum allowed value {most} for container '{container}'"
            )
        })?;
    }
    Ok(())
}
