//! What functions' arguments must look like, and what is said when they don't.

use crate::Error;

/// All functions but those of the language extensions.
const FUNCTIONS: [&str; 24] = [
    "Fn::Base64",
    "Fn::GetAtt",
    "Fn::GetAZs",
    "Fn::ImportValue",
    "Fn::Join",
    "Fn::Split",
    "Fn::FindInMap",
    "Fn::Select",
    "Ref",
    "Fn::Equals",
    "Fn::If",
    "Fn::Not",
    "Condition",
    "Fn::And",
    "Fn::Or",
    "Fn::Contains",
    "Fn::EachMemberEquals",
    "Fn::EachMemberIn",
    "Fn::ValueOf",
    "Fn::ValueOfAll",
    "Fn::RefAll",
    "Fn::Sub",
    "Fn::Cidr",
    "Fn::Transform",
];

/// Functions that `AWS::LanguageExtensions` adds.
const EXTENSIONS: [&str; 2] = ["Fn::Length", "Fn::ToJsonString"];

/// Whether there is such a function, with the language extensions or without.
pub(crate) fn is_function(name: &str) -> bool {
    FUNCTIONS.contains(&name) || is_extension(name)
}

/// Whether there is such a function only with the language extensions.
pub(crate) fn is_extension(name: &str) -> bool {
    EXTENSIONS.contains(&name)
}

/// Functions that are only in rules ("Rule functions").
const OF_RULES: [&str; 6] =
    ["Fn::Contains", "Fn::EachMemberEquals", "Fn::EachMemberIn", "Fn::RefAll", "Fn::ValueOf", "Fn::ValueOfAll"];

/// Others that rules can be made of.
const IN_RULES: [&str; 5] = ["Ref", "Fn::And", "Fn::Equals", "Fn::Not", "Fn::Or"];

/// Functions that conditions can't be made of ("Condition functions").
const NOT_IN_CONDITIONS: [&str; 5] = ["Fn::GetAtt", "Fn::GetAZs", "Fn::If", "Fn::ImportValue", "Fn::Transform"];

/// Whether a function may be in a section.
pub(crate) fn may_be_in(name: &str, section: &str) -> bool {
    match section {
        "Rules" => OF_RULES.contains(&name) || IN_RULES.contains(&name),
        "Conditions" => !OF_RULES.contains(&name) && !NOT_IN_CONDITIONS.contains(&name),
        _ => !OF_RULES.contains(&name),
    }
}

pub(crate) fn unsupported(name: &str) -> Error {
    let known: Vec<&str> = FUNCTIONS.into_iter().filter(|name| *name != "Fn::Transform").collect();
    Error::function(format!("Encountered unsupported function: {name} Supported functions are: [{}]", known.join(", ")))
}

/// The argument of a function is none that it can have.
pub(crate) fn wrong(name: &str) -> Error {
    Error::function(match name {
        "Ref" => "every Ref object must have a single String value.",
        "Condition" => "every Condition object must have a single String value.",
        "Fn::GetAtt" => {
            "every Fn::GetAtt object requires two non-empty parameters, the resource name and the resource attribute"
        }
        "Fn::Join" => {
            "every Fn::Join object requires two parameters, (1) a string delimiter and (2) a list of strings to be joined or a \
             function that returns a list of strings (such as Fn::GetAZs) to be joined."
        }
        "Fn::Split" => {
            "every Fn::Split object requires two parameters, (1) a string delimiter and (2) a string to be split or a function \
             that returns a string to be split."
        }
        "Fn::Select" => "Fn::Select requires a list argument with two elements: an integer index and a list",
        "Fn::Sub" => {
            "One or more Fn::Sub intrinsic functions don't specify expected arguments. Specify a string as first argument, and \
             an optional second argument to specify a mapping of values to replace in the string"
        }
        "Fn::FindInMap" => {
            "every Fn::FindInMap object requires three parameters, the map name, map key and the attribute for return value"
        }
        "Fn::Base64" => "every Fn::Base64 object must have a String-typed value.",
        "Fn::GetAZs" => "every Fn::GetAZs object must have a String-typed value.",
        "Fn::ImportValue" => "every Fn::ImportValue object must have a String-typed value.",
        "Fn::If" => "Fn::If requires a list argument with three elements",
        "Fn::Equals" => "Fn::Equals requires a list argument with two elements",
        "Fn::And" => "every Fn::And object requires a list of at least 2 and at most 10 boolean parameters.",
        "Fn::Or" => "every Fn::Or object requires a list of at least 2 and at most 10 boolean parameters.",
        "Fn::Not" => "Fn::Not requires a list argument with one element",
        "Fn::Cidr" => {
            "every Fn::Cidr object requires three parameters, the ip block, the count and the bits of each block"
        }
        "Fn::Length" => "Fn::Length requires a list, or a function that returns a list",
        "Fn::ToJsonString" => "Fn::ToJsonString requires a map or a list",
        "Fn::Contains" => "Fn::Contains requires a list argument with two elements: a list of strings and a string",
        "Fn::EachMemberEquals" => {
            "Fn::EachMemberEquals requires a list argument with two elements: a list of strings and a string"
        }
        "Fn::EachMemberIn" => "Fn::EachMemberIn requires a list argument with two elements: two lists of strings",
        "Fn::RefAll" => "Fn::RefAll requires the name of a parameter type",
        "Fn::ValueOf" => "Fn::ValueOf requires a list argument with two elements: a parameter's name and an attribute",
        "Fn::ValueOfAll" => {
            "Fn::ValueOfAll requires a list argument with two elements: a parameter type and an attribute"
        }
        _ => return unsupported(name),
    })
}

/// A function is where it can't be.
pub(crate) fn misplaced(name: &str, section: &str) -> Error {
    Error::format(format!("{name} can't be used in the {section} block of the template"))
}
