//! Formats of strftime(3) as regular expressions, for `awslogs-datetime-format` ("Amazon CloudWatch Logs logging driver", Docker
//! documentation). What is no directive is regular expression already, as there: `\[%b %d, %Y %H:%M:%S\]`.

/// A regular expression that finds times in a format.
///
/// # Errors
/// For a directive that the driver does not know.
pub(super) fn pattern(format: &str) -> Result<String, String> {
    let mut pattern = String::new();
    let mut characters = format.chars();
    while let Some(c) = characters.next() {
        if c != '%' {
            pattern.push(c);
            continue;
        }
        let directive = characters.next();
        let known = directive.and_then(expression);
        let unknown = || {
            format!("awslogs could not parse datetime format \"{format}\": no directive %{}", directive.unwrap_or(' '))
        };
        pattern.push_str(known.ok_or_else(unknown)?);
    }
    Ok(pattern)
}

fn expression(directive: char) -> Option<&'static str> {
    Some(match directive {
        'a' => "(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)",
        'A' => "(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day",
        'w' => "[0-6]",
        'd' => r"(?:0[1-9]|[12]\d|3[01])",
        'b' => "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)",
        'B' => "(?:January|February|March|April|May|June|July|August|September|October|November|December)",
        'm' => r"(?:0[1-9]|1[0-2])",
        'Y' => r"\d{4}",
        'y' => r"\d{2}",
        'H' => r"(?:[01]\d|2[0-3])",
        'I' => r"(?:0\d|1[0-2])",
        'p' => "[AP]M",
        'M' | 'S' => r"[0-5]\d",
        // With the point before it, as Docker has it.
        'L' => r"\.\d{3}",
        'f' => r"\d{6}",
        'z' => r"[+-]\d{4}",
        'Z' => "[A-Z]{1,4}T",
        'j' => r"(?:[0-2]\d\d|3[0-5]\d|36[0-6])",
        '%' => "%",
        _ => return None,
    })
}
