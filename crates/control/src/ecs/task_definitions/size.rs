//! How much CPU and memory a task may ask for.

use super::client;
use aws::fault::Fault;

/// CPU units in a task's `cpu`: `256`, or processors such as `.25 vCPU`.
///
/// # Errors
/// `ClientException` for anything else.
pub(super) fn cpu_units(text: &str) -> Result<i32, Fault> {
    parse(text, "vcpu").ok_or_else(|| client("Invalid 'cpu' setting for task."))
}

/// MiB in a task's `memory`: `512`, or gibibytes such as `0.5GB`.
///
/// # Errors
/// `ClientException` for anything else.
pub(super) fn memory_mib(text: &str) -> Result<i32, Fault> {
    parse(text, "gb").ok_or_else(|| client("Invalid 'memory' setting for task."))
}

/// A whole number, or a decimal one of a unit that has 1,024 parts.
fn parse(text: &str, unit: &str) -> Option<i32> {
    let text = text.trim().to_ascii_lowercase();
    let parts = match text.strip_suffix(unit) {
        Some(decimal) => decimal_of(decimal.trim_end())? * 1024.0,
        None => f64::from(digits(&text)?.parse::<i32>().ok()?),
    };
    let whole = parts.fract() == 0.0 && parts >= 1.0 && parts <= f64::from(i32::MAX);
    whole.then_some(parts as i32)
}

fn digits(text: &str) -> Option<&str> {
    (!text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())).then_some(text)
}

/// Digits with at most one point among them.
fn decimal_of(text: &str) -> Option<f64> {
    let plain = text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    plain.then(|| text.parse().ok()).flatten()
}

const GIB: i32 = 1024;

/// CPU units and MiB of a Fargate task, as a task definition or its override gives them.
///
/// # Errors
/// `ClientException` when they are no sizes, or none that Fargate has.
pub(crate) fn fargate_size(cpu: &str, memory: &str) -> Result<(u32, u32), Fault> {
    let (cpu, memory) = (cpu_units(cpu)?, memory_mib(memory)?);
    check_fargate(cpu, memory)?;
    Ok((cpu.unsigned_abs(), memory.unsigned_abs()))
}

/// # Errors
/// `ClientException` when Fargate has no tasks of that size.
pub(super) fn check_fargate(cpu: i32, memory: i32) -> Result<(), Fault> {
    if exists(cpu, memory) {
        return Ok(());
    }
    Err(client(format!(
        "No Fargate configuration exists for given values: {cpu} CPU, {memory} memory. \
         See the Amazon ECS documentation for the valid values."
    )))
}

/// Whether Fargate has tasks of that size ("Task size", Amazon ECS task definition parameters for Fargate).
fn exists(cpu: i32, memory: i32) -> bool {
    let steps = |from: i32, to: i32, step: i32| (from * GIB..=to * GIB).contains(&memory) && memory % (step * GIB) == 0;
    match cpu {
        256 => [512, GIB, 2 * GIB].contains(&memory),
        512 => steps(1, 4, 1),
        1_024 => steps(2, 8, 1),
        2_048 => steps(4, 16, 1),
        4_096 => steps(8, 30, 1),
        8_192 => steps(16, 60, 4),
        16_384 => steps(32, 120, 8),
        32_768 => [60 * GIB, 120 * GIB, 244 * GIB].contains(&memory),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_notations_mean_the_same() {
        for text in ["256", ".25 vCPU", "0.25vcpu", "0.25 VCPU", " 256 "] {
            assert_eq!(cpu_units(text), Ok(256), "{text}");
        }
        for text in ["512", "0.5GB", "0.5 gb", ".5 GB"] {
            assert_eq!(memory_mib(text), Ok(512), "{text}");
        }
        assert_eq!(
            (cpu_units("16 vCPU"), memory_mib("120 GB"), memory_mib("1 GB")),
            (Ok(16_384), Ok(122_880), Ok(1_024))
        );
    }

    #[test]
    fn what_is_no_size_is_refused() {
        for text in [
            "",
            "0",
            "-1",
            "abc",
            "vCPU",
            "1e3",
            "inf vCPU",
            "0.3 vCPU",
            "256 units",
            "1.5",
            "99999999999",
            "1.0.0 vCPU",
            "٣",
        ] {
            assert_eq!(
                cpu_units(text).unwrap_err().to_string(),
                "ClientException: Invalid 'cpu' setting for task.",
                "{text}"
            );
        }
        for text in ["512MB", "0.0001 GB", "1 TB", ". GB"] {
            assert_eq!(
                memory_mib(text).unwrap_err().to_string(),
                "ClientException: Invalid 'memory' setting for task.",
                "{text}"
            );
        }
    }

    #[test]
    fn the_sizes_are_those_of_the_table() {
        let sizes = |cpu| (1..=300 * 1024).filter(move |memory| exists(cpu, *memory)).collect::<Vec<_>>();
        let gib = |from: i32, to: i32, step: usize| (from..=to).step_by(step).map(|g| g * 1024).collect::<Vec<_>>();
        assert_eq!(sizes(256), [512, 1024, 2048]);
        assert_eq!(sizes(512), gib(1, 4, 1));
        assert_eq!(sizes(1024), gib(2, 8, 1));
        assert_eq!(sizes(2048), gib(4, 16, 1));
        assert_eq!(sizes(4096), gib(8, 30, 1));
        assert_eq!(sizes(8192), gib(16, 60, 4));
        assert_eq!(sizes(16384), gib(32, 120, 8));
        assert_eq!(sizes(32768), [61440, 122880, 249856]);
        assert!(sizes(128).is_empty());
        let refused = fargate_size("256", "1000").unwrap_err().to_string();
        let text = "No Fargate configuration exists for given values: 256 CPU, 1000 memory. See the Amazon ECS documentation for the valid values.";
        assert_eq!((refused, fargate_size("1 vCPU", "2 GB")), (format!("ClientException: {text}"), Ok((1024, 2048))));
    }
}
