//! Where a container's output goes.

use super::{client, not_supported, refuse_if, some};
use aws::{
    api::ecs::{LogConfiguration, LogDriver},
    fault::Fault,
};

/// What the driver can't do without, in the order AWS names them.
const REQUIRED: [&str; 2] = ["awslogs-region", "awslogs-group"];
/// What it takes beside that.
const OPTIONAL: [&str; 6] =
    ["awslogs-stream-prefix", "awslogs-create-group", DATETIME, MULTILINE, "mode", "max-buffer-size"];
/// Two ways to say which lines begin an event.
const DATETIME: &str = "awslogs-datetime-format";
const MULTILINE: &str = "awslogs-multiline-pattern";

/// Checks a log configuration. Drivers that only EC2 instances have are none of Fargate's (`fargate`).
///
/// # Errors
/// `ClientException` in AWS's words.
pub(crate) fn check(log: &LogConfiguration, region: &str) -> Result<(), Fault> {
    let LogConfiguration { log_driver, options, secret_options } = log;
    if some(secret_options) {
        return Err(not_supported("logConfiguration.secretOptions"));
    }
    match log_driver {
        Some(LogDriver::Awslogs) => awslogs(&|name| options.as_ref()?.get(name).map(String::as_str), region)?,
        Some(driver @ (LogDriver::Splunk | LogDriver::Awsfirelens)) => {
            return Err(not_supported(&format!("the log driver {driver}")));
        }
        _ => return Ok(()),
    }
    let known = |name: &&String| REQUIRED.contains(&name.as_str()) || OPTIONAL.contains(&name.as_str());
    let unknown: Vec<&str> =
        options.iter().flatten().map(|(name, _)| name).filter(|name| !known(name)).map(String::as_str).collect();
    refuse_if(!unknown.is_empty(), || format!("Log driver awslogs disallows options: {}", unknown.join(", ")))
}

fn awslogs<'a>(option: &dyn Fn(&str) -> Option<&'a str>, region: &str) -> Result<(), Fault> {
    let missing: Vec<&str> = REQUIRED.into_iter().filter(|name| option(name).is_none_or(str::is_empty)).collect();
    refuse_if(!missing.is_empty(), || format!("Log driver awslogs requires options: {}", missing.join(", ")))?;
    let odd = |c: char| !c.is_ascii_alphanumeric() && !"._-/#".contains(c);
    refuse_if(option("awslogs-group").is_some_and(|group| group.contains(odd)), || {
        "Log driver awslogs option 'awslogs-group' contains invalid characters.".to_owned()
    })?;
    let other = option("awslogs-region").filter(|other| *other != region);
    if let Some(other) = other {
        return Err(client(format!(
            "Log driver awslogs can't reach awslogs-region {other}: neargate is {region} alone."
        )));
    }
    let wrong = |name: &str| client(format!("Log driver awslogs has an invalid value for option: {name}"));
    let one_of = |name, values: [&str; 2]| match option(name) {
        Some(value) if !values.contains(&value) => Err(wrong(name)),
        _ => Ok(()),
    };
    refuse_if(option(DATETIME).is_some() && option(MULTILINE).is_some(), || {
        format!("Log driver awslogs can't have both options: {DATETIME}, {MULTILINE}")
    })?;
    if let Some(name) = [DATETIME, MULTILINE].into_iter().find(|name| option(name) == Some("")) {
        return Err(wrong(name));
    }
    one_of("awslogs-create-group", ["true", "false"])?;
    one_of("mode", ["blocking", "non-blocking"])?;
    match option("max-buffer-size") {
        Some(size) if !is_size(size) => Err(wrong("max-buffer-size")),
        _ => Ok(()),
    }
}

/// A size as Docker writes it: digits, and at most a unit such as `k`, `m` or `mb`.
fn is_size(text: &str) -> bool {
    let unit = text.trim_start_matches(|c: char| c.is_ascii_digit());
    let number = text.strip_suffix(unit).unwrap_or_default();
    let units = ["", "b", "k", "kb", "m", "mb", "g", "gb"];
    number.parse::<u32>().is_ok_and(|n| n > 0) && units.contains(&unit.to_ascii_lowercase().as_str())
}
