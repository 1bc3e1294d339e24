//! EC2's and IAM's forms, as the typed shape that reads them decides.

use aws::api::{ec2, iam};
use aws::doc::Doc;
use aws::shape::Operation;

fn ec2_read<O: Operation>(body: &str) -> Result<O::Input, String> {
    let doc = ec2::API.parse(body.as_bytes()).map_err(|fault| fault.to_string())?;
    ec2::API.read::<O>(doc).map_err(|fault| fault.to_string())
}

#[test]
fn flattened_lists_filters_and_tag_specifications() {
    let body = "Action=CreateVpc&Version=2016-11-15&CidrBlock=10.0.0.0%2F16&AmazonProvidedIpv6CidrBlock=true\
        &TagSpecification.1.ResourceType=vpc&TagSpecification.1.Tag.1.Key=Name&TagSpecification.1.Tag.1.Value=123";
    let request = ec2_read::<ec2::op::CreateVpc>(body).expect("a request");
    assert_eq!(request.cidr_block.as_deref(), Some("10.0.0.0/16"));
    assert_eq!(request.amazon_provided_ipv6_cidr_block, Some(true));
    let specifications = request.tag_specifications.expect("tags");
    assert_eq!(specifications[0].resource_type, Some(ec2::ResourceType::Vpc));
    let tag = &specifications[0].tags.as_ref().expect("tags")[0];
    // Text that looks like a number stays text.
    assert_eq!((tag.key.as_deref(), tag.value.as_deref()), (Some("Name"), Some("123")));
}

#[test]
fn indices_are_sorted_as_numbers_and_may_be_huge_or_have_gaps() {
    let body = "VpcId.10=c&VpcId.9=b&VpcId.1000000000000000000000000000=d&VpcId.2=a&VpcId.2=A";
    let request = ec2_read::<ec2::op::DescribeVpcs>(body).expect("a request");
    assert_eq!(request.vpc_ids.expect("ids"), ["A", "b", "c", "d"]);
}

#[test]
fn an_empty_parameter_is_an_empty_list_or_an_empty_text() {
    let request = ec2_read::<ec2::op::DescribeVpcs>("VpcId=&NextToken=").expect("a request");
    assert_eq!(request.vpc_ids, Some(Vec::new()));
    assert_eq!(request.next_token.as_deref(), Some(""));
}

#[test]
fn numbers_and_booleans_are_read_from_text() {
    let request = ec2_read::<ec2::op::DescribeVpcs>("MaxResults=17&DryRun=True").expect("a request");
    assert_eq!((request.max_results, request.dry_run), (Some(17), Some(true)));
}

#[test]
fn ec2_refuses_in_its_own_words() {
    for (body, refusal) in [
        (
            "MaxResults=1",
            "InvalidParameterValue: Value ( 1 ) for parameter maxResults is invalid. Expecting a value greater than 5.",
        ),
        (
            "MaxResults=1001",
            "InvalidParameterValue: Value ( 1001 ) for parameter maxResults is invalid. Expecting a value less than or equal to 1000.",
        ),
        (
            "MaxResults=many",
            "InvalidParameterValue: Value ( many ) for parameter maxResults is invalid. Expecting a value of type Integer.",
        ),
        ("Description=x", "UnknownParameter: The parameter Description is not recognized"),
        ("Filter.1.Nmae=x", "UnknownParameter: The parameter Filter.1.Nmae is not recognized"),
        (
            "Filter.1=x",
            "InvalidParameterValue: Value ( x ) for parameter Filter.1 is invalid. Expecting a value of type Structure.",
        ),
        (
            "VpcId.x=1",
            "InvalidParameterValue: Value (  ) for parameter vpcId is invalid. Expecting a value of type List.",
        ),
    ] {
        assert_eq!(ec2_read::<ec2::op::DescribeVpcs>(body).expect_err(body), refusal);
    }
    let missing = ec2_read::<ec2::op::DeleteVpc>("").expect_err("an id is required");
    assert_eq!(missing, "MissingParameter: The request must contain the parameter vpcId");
}

#[test]
fn iam_lists_stand_in_member_and_unknown_parameters_are_ignored() {
    let body = "RoleName=r&AssumeRolePolicyDocument=%7B%7D&Tags.member.1.Key=a&Tags.member.1.Value=1&Whatever=x";
    let doc = iam::API.parse(body.as_bytes()).expect("a form");
    let request = iam::API.read::<iam::op::CreateRole>(doc).expect("a request");
    assert_eq!(request.role_name, "r");
    assert_eq!(request.tags.expect("tags").len(), 1);
}

#[test]
fn iam_refuses_with_the_common_frameworks_words() {
    let read = |body: &str| {
        let doc = iam::API.parse(body.as_bytes()).expect("a form");
        iam::API.read::<iam::op::CreateRole>(doc).expect_err(body).to_string()
    };
    assert_eq!(
        read("RoleName=r"),
        "ValidationError: 1 validation error detected: Value at 'assumeRolePolicyDocument' failed to satisfy constraint: \
         Member must not be null"
    );
    assert_eq!(
        read("RoleName=a%2Fb&AssumeRolePolicyDocument=%7B%7D&Tags.member.1.Key=&Tags.member.1.Value=x"),
        "ValidationError: 2 validation errors detected: Value at 'roleName' failed to satisfy constraint: \
         Member must satisfy regular expression pattern: [\\w+=,.@-]+; Value at 'tags.1.member.key' failed to satisfy \
         constraint: Member must have length greater than or equal to 1"
    );
}

#[test]
fn a_map_may_have_numbers_for_keys() {
    let Doc::Form(mut form) =
        iam::API.parse(b"M.entry.1.key=7&M.entry.1.value=x&M.entry.2.key=8&M.entry.2.value=y").expect("a form")
    else {
        panic!("a form")
    };
    let map = form.take("M").expect("M").map().expect("a map");
    assert_eq!(map.into_keys().collect::<Vec<_>>(), ["7", "8"]);
}

#[test]
fn names_are_limited_in_depth_and_number() {
    let deep = format!("{}=1", vec!["a"; 65].join("."));
    assert!(ec2::API.parse(deep.as_bytes()).expect_err("too deep").to_string().starts_with("MalformedQueryString"));
    let many: String = (0..100_001).map(|i| format!("a.{i}=&")).collect();
    assert!(ec2::API.parse(many.as_bytes()).expect_err("too many").to_string().starts_with("MalformedQueryString"));
}
