//! The regular expressions AWS's models put on names and tags, as far as they are one character class repeated:
//! `[\w+=,.@-]+`. Others are not in the tables.

/// Whether every character of `text` is in the pattern's class. `*` and `+` are the length's affair. A pattern of
/// another form holds for any text.
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    class(pattern).is_none_or(|(negated, members)| text.chars().all(|c| members.iter().any(|m| m.has(c)) != negated))
}

/// What a class lists.
#[derive(Debug, PartialEq)]
enum Member {
    Range(char, char),
    /// `\w` and `\d` are ASCII in AWS's (Java's) expressions.
    Word,
    Digit,
    /// `\p{L}`, `\p{Z}`, `\p{N}`: Unicode's categories, by the nearest the standard library has.
    Letter,
    Separator,
    Number,
}

impl Member {
    fn has(&self, c: char) -> bool {
        match self {
            Member::Range(low, high) => (*low..=*high).contains(&c),
            Member::Word => c.is_ascii_alphanumeric() || c == '_',
            Member::Digit => c.is_ascii_digit(),
            Member::Letter => c.is_alphabetic(),
            Member::Separator => c.is_whitespace() && !c.is_control(),
            Member::Number => c.is_numeric(),
        }
    }
}

/// The class of a pattern, and whether it is negated.
fn class(pattern: &str) -> Option<(bool, Vec<Member>)> {
    let pattern = pattern.trim_start_matches(['^', '(']).trim_end_matches(['$', ')', '*', '+']);
    let inside = pattern.strip_prefix('[')?.strip_suffix(']')?;
    let (negated, inside) = inside.strip_prefix('^').map_or((false, inside), |rest| (true, rest));
    let mut members = Vec::new();
    let mut rest = inside;
    while !rest.is_empty() {
        let (member, after) = item(rest)?;
        rest = after;
        let upper = rest.strip_prefix('-').filter(|after| !after.is_empty()).and_then(item);
        match (member, upper) {
            (Member::Range(low, _), Some((Member::Range(high, _), after))) => {
                members.push(Member::Range(low, high));
                rest = after;
            }
            (member, _) => members.push(member),
        }
    }
    Some((negated, members))
}

/// One character or escape, and what follows it.
fn item(text: &str) -> Option<(Member, &str)> {
    let mut chars = text.chars();
    let first = chars.next()?;
    if first == '[' || first == ']' {
        return None;
    }
    if first != '\\' {
        return Some((Member::Range(first, first), chars.as_str()));
    }
    match chars.next()? {
        'w' => Some((Member::Word, chars.as_str())),
        'd' => Some((Member::Digit, chars.as_str())),
        'u' => {
            let (digits, rest) = chars.as_str().split_at_checked(4)?;
            let c = char::from_u32(u32::from_str_radix(digits, 16).ok()?)?;
            Some((Member::Range(c, c), rest))
        }
        'p' => {
            let (name, rest) = chars.as_str().strip_prefix('{')?.split_once('}')?;
            let category = match name {
                "L" => Member::Letter,
                "Z" => Member::Separator,
                "N" => Member::Number,
                _ => return None,
            };
            Some((category, rest))
        }
        c if !c.is_alphanumeric() => Some((Member::Range(c, c), chars.as_str())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_of_the_models() {
        assert!(matches(r"[\w+=,.@-]+", "role-1@x,y"));
        assert!(!matches(r"[\w+=,.@-]+", "role/1"));
        assert!(!matches(r"[\w+=,.@-]+", "rôle"));
        assert!(matches(r"^([\p{L}\p{Z}\p{N}_.:/=+\-@]*)$", "Größe 12:a/b"));
        assert!(!matches(r"([\p{L}\p{Z}\p{N}_.:/=+\-@]*)", "a,b"));
        assert!(matches(r"[\.\-_/#A-Za-z0-9]+", "/ecs/my-app#1"));
        assert!(!matches(r"[\.\-_/#A-Za-z0-9]+", "my app"));
        assert!(matches("[^:*]*", "web/web/0123"));
        assert!(!matches("[^:*]*", "a:b"));
        assert!(matches(r"[\u0009\u000A\u000D\u0020-\u00FF]+", "{\n\t\"Version\": 1}"));
        assert!(!matches(r"[\u0009\u000A\u000D\u0020-\u00FF]+", "€"));
    }

    #[test]
    fn every_pattern_of_the_tables_is_understood() {
        let tables = [
            include_str!("api/ecs.rs"),
            include_str!("api/elbv2.rs"),
            include_str!("api/iam.rs"),
            include_str!("api/logs.rs"),
            include_str!("api/sts.rs"),
        ];
        let mut seen = 0;
        for line in tables.iter().flat_map(|table| table.lines()) {
            let Some((_, rest)) = line.split_once(" like r\"") else {
                continue;
            };
            let pattern = rest.split_once('"').expect("the pattern ends").0;
            assert!(class(pattern).is_some(), "{pattern}");
            seen += 1;
        }
        assert!(seen > 50, "{seen}");
    }
}
