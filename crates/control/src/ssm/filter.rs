//! `ParameterFilters`: which keys each operation takes, with which options ("ParameterStringFilter", AWS Systems Manager API Reference).

use super::{DATA_TYPE, history::key_id, invalid, name, reference};
use crate::{
    State,
    state::{Parameter, ParameterVersion},
};
use aws::{
    api::ssm::{ParameterStringFilter, ParameterTier, ParameterType},
    fault::Fault,
};

/// Filters that were checked.
pub(super) struct Filters(Vec<Filter>);

struct Filter {
    key: By,
    option: Match,
    values: Vec<String>,
}

/// What is compared.
enum By {
    Name,
    Type,
    KeyId,
    Path,
    Label,
    Tier,
    DataType,
    Tag(String),
}

/// How.
#[derive(Clone, Copy, PartialEq)]
enum Match {
    Equals,
    BeginsWith,
    Contains,
    Recursive,
    OneLevel,
}

/// Every key there is, in the words of the model's pattern.
const KEYS: &str = "tag:.+|Name|Type|KeyId|Path|Label|Tier|DataType";

/// Checks the filters of DescribeParameters.
///
/// # Errors
/// `InvalidFilterKey`, `InvalidFilterOption`, `InvalidFilterValue`, `ValidationException`.
pub(super) fn describe(filters: &[ParameterStringFilter]) -> Result<Filters, Fault> {
    let refused = |key: &By| matches!(key, By::Label);
    checked(filters, &refused, "Path, Name, Type, KeyId, Tier", true)
}

/// Checks the filters of GetParametersByPath.
///
/// # Errors
/// As [`describe`].
pub(super) fn by_path(filters: &[ParameterStringFilter]) -> Result<Filters, Fault> {
    let refused = |key: &By| !matches!(key, By::Type | By::KeyId | By::Label);
    checked(filters, &refused, "Type, KeyId", false)
}

fn checked(
    filters: &[ParameterStringFilter],
    refused: &dyn Fn(&By) -> bool,
    known: &str,
    contains: bool,
) -> Result<Filters, Fault> {
    let mut all = Vec::new();
    for (index, filter) in filters.iter().enumerate() {
        let text = &filter.key;
        let key = By::parse(text).ok_or_else(|| {
            invalid(format!(
                "1 validation error detected: Value '{text}' at 'parameterFilters.{}.member.key' failed to satisfy constraint: \
                 Member must satisfy regular expression pattern: {KEYS}",
                index + 1
            ))
        })?;
        if refused(&key) {
            let message =
                format!("The following filter key is not valid: {text}. Valid filter keys include: [{known}].");
            return Err(Fault::new("InvalidFilterKey", message));
        }
        if filters.iter().take(index).any(|before| before.key == *text) {
            let message = format!(
                "The following filter is duplicated in the request: {text}. A request can contain only one occurrence of a \
                 specific filter."
            );
            return Err(Fault::new("InvalidFilterKey", message));
        }
        let option = key.option(filter.option.as_deref(), contains)?;
        let values = filter.values.clone().unwrap_or_default();
        key.check(text, option, &values)?;
        all.push(Filter { key, option, values });
    }
    Ok(Filters(all))
}

impl By {
    fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "Name" => Self::Name,
            "Type" => Self::Type,
            "KeyId" => Self::KeyId,
            "Path" => Self::Path,
            "Label" => Self::Label,
            "Tier" => Self::Tier,
            "DataType" => Self::DataType,
            _ => Self::Tag(text.strip_prefix("tag:").filter(|tag| !tag.is_empty())?.to_owned()),
        })
    }

    fn option(&self, asked: Option<&str>, contains: bool) -> Result<Match, Fault> {
        let (known, options): (&str, &[(&str, Match)]) = match self {
            Self::Path => ("Recursive, OneLevel", &[("OneLevel", Match::OneLevel), ("Recursive", Match::Recursive)]),
            Self::Label => ("Equals", &[("Equals", Match::Equals)]),
            Self::Name if contains => (
                "BeginsWith, Equals, Contains",
                &[("Equals", Match::Equals), ("BeginsWith", Match::BeginsWith), ("Contains", Match::Contains)],
            ),
            _ => ("BeginsWith, Equals", &[("Equals", Match::Equals), ("BeginsWith", Match::BeginsWith)]),
        };
        let found = match asked {
            Some(asked) => options.iter().find(|(name, _)| *name == asked),
            None => options.first(),
        };
        let asked = asked.unwrap_or_default();
        found.map(|(_, option)| *option).ok_or_else(|| {
            let message =
                format!("The following filter option is not valid: {asked}. Valid options include: [{known}].");
            Fault::new("InvalidFilterOption", message)
        })
    }

    fn check(&self, text: &str, option: Match, values: &[String]) -> Result<(), Fault> {
        if values.is_empty() && !matches!(self, Self::Tag(_)) {
            let message = format!("The following filter values are missing : null for filter key {text}.");
            return Err(Fault::new("InvalidFilterValue", message));
        }
        let one_of = |known: &[&str]| match values.iter().find(|value| !known.contains(&value.as_str())) {
            Some(value) if option == Match::Equals => {
                let known = known.join(", ");
                let message =
                    format!("The following filter value is not valid: {value}. Valid values include: [{known}].");
                Err(Fault::new("InvalidFilterOption", message))
            }
            _ => Ok(()),
        };
        match self {
            Self::Path => values.iter().try_for_each(|path| name::path(path).map(drop)),
            Self::Type => one_of(ParameterType::VALUES),
            Self::Tier => one_of(ParameterTier::VALUES),
            _ => Ok(()),
        }
    }
}

impl Filters {
    /// The version of a parameter that is shown when all filters fit: the one with the label that is asked for, else the latest.
    pub(super) fn version<'s>(&self, state: &'s State, parameter: &Parameter) -> Option<&'s ParameterVersion> {
        let labels = self.0.iter().find(|filter| matches!(filter.key, By::Label));
        let version = match labels {
            Some(filter) => {
                let labelled = |v: &&ParameterVersion| v.labels.iter().any(|label| filter.values.contains(label));
                reference::versions(state, Parameter::key_of(&parameter.name)).into_iter().rev().find(labelled)?
            }
            None => reference::numbered(state, parameter, parameter.latest).ok()?,
        };
        self.0.iter().all(|filter| filter.fits(parameter, version)).then_some(version)
    }
}

impl Filter {
    fn fits(&self, parameter: &Parameter, version: &ParameterVersion) -> bool {
        let any = |text: &str| self.values.iter().any(|value| self.option.fits(text, value));
        let key = Parameter::key_of(&parameter.name);
        match &self.key {
            By::Name if self.option == Match::Contains => any(&parameter.name),
            // With and without the slash in front it is the same parameter.
            By::Name => self.values.iter().any(|value| self.option.fits(key, Parameter::key_of(value))),
            By::Type => any(version.kind.as_str()),
            By::KeyId => key_id(version).is_some_and(|id| any(&id)),
            By::Path => self.values.iter().any(|path| {
                name::path(path).is_ok_and(|path| name::is_below(key, &path, self.option == Match::Recursive))
            }),
            // Chose the version already.
            By::Label => true,
            By::Tier => any(version.tier.as_str()),
            By::DataType => any(DATA_TYPE),
            By::Tag(tag) => parameter.tags.get(tag).is_some_and(|value| self.values.is_empty() || any(value)),
        }
    }
}

impl Match {
    fn fits(self, text: &str, value: &str) -> bool {
        match self {
            Self::BeginsWith => text.starts_with(value),
            Self::Contains => text.contains(value),
            Self::Equals | Self::Recursive | Self::OneLevel => text == value,
        }
    }
}
