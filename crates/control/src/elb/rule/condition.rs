//! Conditions of rules ("Condition types for listener rules", Application Load Balancers guide; "RuleCondition", Elastic Load Balancing API
//! Reference).

use super::super::{invalid, limits};
use aws::{
    api::elbv2::{
        HostHeaderConditionConfig, HttpHeaderConditionConfig, HttpRequestMethodConditionConfig,
        PathPatternConditionConfig, QueryStringConditionConfig, QueryStringKeyValuePair, RuleCondition,
        SourceIpConditionConfig,
    },
    fault::Fault,
};
use spec::balancing::Condition;

mod text;

pub(super) use text::compiles;

const HOST: &str = "host-header";
const PATH: &str = "path-pattern";
const HEADER: &str = "http-header";
const METHOD: &str = "http-request-method";
const QUERY: &str = "query-string";
const SOURCE: &str = "source-ip";
/// In AWS's order.
const FIELDS: [&str; 6] = [HEADER, METHOD, HOST, QUERY, PATH, SOURCE];
/// Those of which a rule can have one only.
const ONCE: [&str; 4] = [HOST, PATH, METHOD, SOURCE];

/// Reads the conditions of a rule.
///
/// # Errors
/// `ValidationError`.
pub(super) fn read(given: Vec<RuleCondition>) -> Result<Vec<Condition>, Fault> {
    if given.is_empty() {
        return Err(invalid("A condition must be specified"));
    }
    let mut conditions: Vec<Condition> = Vec::new();
    for condition in given {
        let field = condition.field.clone().unwrap_or_default();
        let condition = one(&field, condition)?;
        if ONCE.contains(&field.as_str()) && conditions.iter().any(|other| field_of(other) == field) {
            return Err(invalid(format!("A rule can only have one '{field}' condition")));
        }
        conditions.push(condition);
    }
    let values = conditions.iter().map(number).sum::<usize>();
    if values > limits::CONDITION_VALUES {
        let most = limits::CONDITION_VALUES;
        return Err(invalid(format!("A rule can only have '{most}' condition values and regex values")));
    }
    if conditions.iter().map(wildcards).sum::<usize>() > limits::CONDITION_WILDCARDS {
        return Err(invalid(format!("A rule can only have '{}' condition wildcards", limits::CONDITION_WILDCARDS)));
    }
    Ok(conditions)
}

fn one(field: &str, condition: RuleCondition) -> Result<Condition, Fault> {
    let RuleCondition {
        field: _,
        values,
        host_header_config,
        path_pattern_config,
        http_header_config,
        query_string_config,
        http_request_method_config,
        source_ip_config,
        regex_values,
    } = condition;
    let there = [
        ("HostHeaderConfig", HOST, host_header_config.is_some()),
        ("PathPatternConfig", PATH, path_pattern_config.is_some()),
        ("HttpHeaderConfig", HEADER, http_header_config.is_some()),
        ("QueryStringConfig", QUERY, query_string_config.is_some()),
        ("HttpRequestMethodConfig", METHOD, http_request_method_config.is_some()),
        ("SourceIpConfig", SOURCE, source_ip_config.is_some()),
    ];
    let Some((config, ..)) = there.iter().find(|(_, of, _)| *of == field) else {
        let all = FIELDS.join(",");
        return Err(invalid(format!("Condition field '{field}' must be one of '{all}'")));
    };
    if let Some((other, ..)) = there.iter().find(|(_, of, there)| *there && *of != field) {
        let message = format!("For conditions of type '{field}', you cannot specify the following fields: '{other}'");
        return Err(invalid(message));
    }
    let top = Values::new(values, regex_values);
    let patterned = matches!(field, HOST | PATH);
    if !patterned && !top.plain.is_empty() {
        let message = format!("For conditions of type '{field}', you must specify the following fields: '{config}'");
        return Err(invalid(message));
    }
    if !matches!(field, HOST | PATH | HEADER) && !top.regex.is_empty() {
        return Err(invalid(format!("'RegexValues' is not supported for a condition of type '{field}'")));
    }
    let missing = || {
        let what = if patterned { format!("Values or RegexValues or {config}") } else { (*config).to_owned() };
        invalid(format!("For conditions of type '{field}', you must specify the following fields: '{what}'"))
    };
    match field {
        HOST => {
            let own = host_header_config.map(|own| Values::new(own.values, own.regex_values));
            let values = top.or(own, config).ok_or_else(missing)??;
            values.read(config, text::host, Condition::Host, Condition::HostRegex)
        }
        PATH => {
            let own = path_pattern_config.map(|own| Values::new(own.values, own.regex_values));
            let values = top.or(own, config).ok_or_else(missing)??;
            values.read(config, text::path, Condition::Path, Condition::PathRegex)
        }
        HEADER => {
            let HttpHeaderConditionConfig { http_header_name, values, regex_values } =
                http_header_config.ok_or_else(missing)?;
            let name = text::header_name(http_header_name.unwrap_or_default())?;
            let values = top.or(Some(Values::new(values, regex_values)), config).ok_or_else(missing)??;
            let (plain, regex) = (name.clone(), name);
            values.read(
                config,
                text::header,
                |values| Condition::Header { name: plain, values },
                |values| Condition::HeaderRegex { name: regex, values },
            )
        }
        METHOD => {
            let HttpRequestMethodConditionConfig { values } = http_request_method_config.ok_or_else(missing)?;
            Ok(Condition::Method(each(some(values, config)?, text::method)?))
        }
        QUERY => {
            let QueryStringConditionConfig { values } = query_string_config.ok_or_else(missing)?;
            Ok(Condition::Query(each(some(values, config)?, pair)?))
        }
        _ => {
            let SourceIpConditionConfig { values, ip_address_type } = source_ip_config.ok_or_else(missing)?;
            super::super::unsupported("IpAddressType", ip_address_type)?;
            Ok(Condition::SourceIp(each(some(values, config)?, text::range)?))
        }
    }
}

/// Values in the two ways in which they can be given.
struct Values {
    plain: Vec<String>,
    regex: Vec<String>,
}

impl Values {
    fn new(plain: Option<Vec<String>>, regex: Option<Vec<String>>) -> Self {
        Self { plain: plain.unwrap_or_default(), regex: regex.unwrap_or_default() }
    }

    /// These, or those of the field's own configuration; nothing where neither is there.
    fn or(self, own: Option<Self>, config: &str) -> Option<Result<Self, Fault>> {
        let given = !self.plain.is_empty() || !self.regex.is_empty();
        match own {
            None => given.then_some(Ok(self)),
            Some(own) if !given => Some(Ok(own)),
            // What says the same twice is said once.
            Some(own) if own.plain == self.plain && own.regex.is_empty() && self.regex.is_empty() => Some(Ok(own)),
            Some(_) => Some(Err(invalid(format!("'Values' and '{config}' cannot be specified at the same time")))),
        }
    }

    fn read(
        self,
        config: &str,
        check: fn(String) -> Result<String, Fault>,
        plain: impl FnOnce(Vec<String>) -> Condition,
        regex: impl FnOnce(Vec<String>) -> Condition,
    ) -> Result<Condition, Fault> {
        match (self.plain.is_empty(), self.regex.is_empty()) {
            (false, true) => Ok(plain(each(self.plain, check)?)),
            (true, false) => Ok(regex(each(self.regex, text::regex)?)),
            _ => Err(invalid(format!(
                "You must provide exactly one of the following: ['Values' 'RegexValues'] for config of type '{config}'"
            ))),
        }
    }
}

fn each<T, U>(values: Vec<T>, read: impl Fn(T) -> Result<U, Fault>) -> Result<Vec<U>, Fault> {
    values.into_iter().map(read).collect()
}

/// Values that must be there.
fn some<T>(values: Option<Vec<T>>, config: &str) -> Result<Vec<T>, Fault> {
    let none = || invalid(format!("You must provide 'Values' for config of type '{config}'"));
    values.filter(|values| !values.is_empty()).ok_or_else(none)
}

fn pair(of: QueryStringKeyValuePair) -> Result<(Option<String>, String), Fault> {
    let QueryStringKeyValuePair { key, value } = of;
    let key = key.filter(|key| !key.is_empty()).map(text::query).transpose()?;
    Ok((key, text::query(value.unwrap_or_default())?))
}

fn field_of(condition: &Condition) -> &'static str {
    match condition {
        Condition::Host(_) | Condition::HostRegex(_) => HOST,
        Condition::Path(_) | Condition::PathRegex(_) => PATH,
        Condition::Method(_) => METHOD,
        Condition::SourceIp(_) => SOURCE,
        Condition::Header { .. } | Condition::HeaderRegex { .. } => HEADER,
        Condition::Query(_) => QUERY,
    }
}

fn number(condition: &Condition) -> usize {
    match condition {
        Condition::Host(values) | Condition::HostRegex(values) | Condition::Path(values) => values.len(),
        Condition::PathRegex(values) | Condition::Method(values) => values.len(),
        Condition::Header { values, .. } | Condition::HeaderRegex { values, .. } => values.len(),
        Condition::SourceIp(ranges) => ranges.len(),
        Condition::Query(pairs) => pairs.len(),
    }
}

fn wildcards(condition: &Condition) -> usize {
    let of = |text: &String| text.bytes().filter(|byte| matches!(byte, b'*' | b'?')).count();
    match condition {
        Condition::Host(values) | Condition::Path(values) | Condition::Header { values, .. } => {
            values.iter().map(of).sum()
        }
        Condition::Query(pairs) => pairs.iter().map(|(key, value)| key.as_ref().map_or(0, of) + of(value)).sum(),
        _ => 0,
    }
}

/// A condition as a reply shows it: patterns of hosts and paths in both ways in which they can be given.
pub(super) fn show(of: &Condition) -> RuleCondition {
    let mut shape = RuleCondition { field: Some(field_of(of).to_owned()), ..RuleCondition::default() };
    match of.clone() {
        Condition::Host(values) => {
            shape.values = Some(values.clone());
            shape.host_header_config = Some(HostHeaderConditionConfig { values: Some(values), regex_values: None });
        }
        Condition::HostRegex(values) => {
            shape.regex_values = Some(values.clone());
            shape.host_header_config = Some(HostHeaderConditionConfig { values: None, regex_values: Some(values) });
        }
        Condition::Path(values) => {
            shape.values = Some(values.clone());
            shape.path_pattern_config = Some(PathPatternConditionConfig { values: Some(values), regex_values: None });
        }
        Condition::PathRegex(values) => {
            shape.regex_values = Some(values.clone());
            shape.path_pattern_config = Some(PathPatternConditionConfig { values: None, regex_values: Some(values) });
        }
        Condition::Method(values) => {
            shape.http_request_method_config = Some(HttpRequestMethodConditionConfig { values: Some(values) });
        }
        Condition::SourceIp(ranges) => {
            let values = Some(ranges.iter().map(ToString::to_string).collect());
            shape.source_ip_config = Some(SourceIpConditionConfig { values, ip_address_type: None });
        }
        Condition::Header { name, values } => {
            shape.http_header_config = Some(HttpHeaderConditionConfig {
                http_header_name: Some(name),
                values: Some(values),
                regex_values: None,
            });
        }
        Condition::HeaderRegex { name, values } => {
            shape.http_header_config = Some(HttpHeaderConditionConfig {
                http_header_name: Some(name),
                values: None,
                regex_values: Some(values),
            });
        }
        Condition::Query(pairs) => {
            let pair = |(key, value)| QueryStringKeyValuePair { key, value: Some(value) };
            let values = Some(pairs.into_iter().map(pair).collect());
            shape.query_string_config = Some(QueryStringConditionConfig { values });
        }
    }
    shape
}
