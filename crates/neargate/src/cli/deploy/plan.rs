//! What is to be done about a stack that is there, or is not. Pure.

use super::calls::Stack;
use template::Template;

/// What comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// There is none.
    Create,
    /// It is made what the template says; whether it can be, CloudFormation says.
    Update,
    /// Its creation was rolled back, so nothing is left but its name ("Stack status codes", AWS CloudFormation User Guide).
    DeleteFirst,
}

/// What comes first for a stack.
pub fn step(stack: Option<&Stack>) -> Step {
    match stack.map(|stack| stack.status.as_str()) {
        None => Step::Create,
        Some("ROLLBACK_COMPLETE") => Step::DeleteFirst,
        Some(_) => Step::Update,
    }
}

/// The parameters of a stack that a template still has.
pub fn kept_parameters(stack: Option<&Stack>, template: Option<&Template>) -> Vec<String> {
    let (Some(stack), Some(template)) = (stack, template) else { return Vec::new() };
    let keys = stack.parameters.iter().map(|parameter| parameter.parameter_key.clone());
    keys.filter(|key| template.parameters.contains_key(key)).collect()
}

/// What a new stack will be made of whatever its parameters are: logical ids and types.
pub fn expected(template: Option<&Template>) -> Vec<(String, String)> {
    let resources = template.into_iter().flat_map(|template| &template.resources);
    let certain = resources.filter(|(_, resource)| resource.condition.is_none());
    certain.map(|(id, resource)| (id.clone(), resource.kind.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn stack(status: &str) -> Stack {
        let parameters = json!([{ "ParameterKey": "Old" }, { "ParameterKey": "Count" }]);
        let said = json!({ "StackId": "arn:1", "StackName": "shop", "StackStatus": status, "Parameters": parameters });
        serde_json::from_value(said).unwrap()
    }

    const TEMPLATE: &str = "\
Parameters: {Count: {Type: Number}, New: {Type: String, Default: a}}
Conditions: {Never: !Equals [a, b]}
Resources:
  Vpc: {Type: AWS::EC2::VPC, Properties: {CidrBlock: 10.0.0.0/16}}
  Other: {Type: AWS::EC2::InternetGateway, Condition: Never}
";

    #[test]
    fn a_stack_that_was_rolled_back_goes_first() {
        assert_eq!(step(None), Step::Create);
        assert_eq!(step(Some(&stack("ROLLBACK_COMPLETE"))), Step::DeleteFirst);
        for status in ["CREATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "CREATE_IN_PROGRESS"] {
            assert_eq!(step(Some(&stack(status))), Step::Update);
        }
    }

    #[test]
    fn only_parameters_that_the_template_still_has_keep_their_values() {
        let template = Template::read(TEMPLATE).unwrap();
        assert_eq!(kept_parameters(Some(&stack("CREATE_COMPLETE")), Some(&template)), ["Count"]);
        assert!(kept_parameters(None, Some(&template)).is_empty());
    }

    #[test]
    fn what_a_condition_may_leave_out_is_not_expected() {
        let template = Template::read(TEMPLATE).unwrap();
        assert_eq!(expected(Some(&template)), [("Vpc".to_owned(), "AWS::EC2::VPC".to_owned())]);
    }
}
