//! Types of parameters ("Specify existing resources at runtime with CloudFormation-supplied parameter types").

use std::fmt;

/// What a parameter's values are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ParameterKind {
    /// `String`.
    String,
    /// `Number`.
    Number,
    /// `CommaDelimitedList`.
    CommaDelimitedList,
    /// `List<String>`: the same, by another name.
    StringList,
    /// `List<Number>`.
    NumberList,
    /// Something that must exist.
    Specific(Specific),
    /// A list of what must exist.
    SpecificList(Specific),
    /// `AWS::SSM::Parameter::Name`: the name of a parameter that must exist.
    SsmName,
    /// `AWS::SSM::Parameter::Value<…>`: the name of a parameter whose value is used.
    SsmValue(Box<ParameterKind>),
}

/// What a value names that must exist in the account and region.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Specific {
    /// `AWS::EC2::AvailabilityZone::Name`.
    AvailabilityZoneName,
    /// `AWS::EC2::Image::Id`.
    ImageId,
    /// `AWS::EC2::Instance::Id`.
    InstanceId,
    /// `AWS::EC2::KeyPair::KeyName`.
    KeyPairName,
    /// `AWS::EC2::SecurityGroup::GroupName`.
    SecurityGroupName,
    /// `AWS::EC2::SecurityGroup::Id`.
    SecurityGroupId,
    /// `AWS::EC2::Subnet::Id`.
    SubnetId,
    /// `AWS::EC2::Volume::Id`.
    VolumeId,
    /// `AWS::EC2::VPC::Id`.
    VpcId,
    /// `AWS::Route53::HostedZone::Id`.
    HostedZoneId,
}

impl Specific {
    const ALL: [(Self, &str); 10] = [
        (Self::AvailabilityZoneName, "AWS::EC2::AvailabilityZone::Name"),
        (Self::ImageId, "AWS::EC2::Image::Id"),
        (Self::InstanceId, "AWS::EC2::Instance::Id"),
        (Self::KeyPairName, "AWS::EC2::KeyPair::KeyName"),
        (Self::SecurityGroupName, "AWS::EC2::SecurityGroup::GroupName"),
        (Self::SecurityGroupId, "AWS::EC2::SecurityGroup::Id"),
        (Self::SubnetId, "AWS::EC2::Subnet::Id"),
        (Self::VolumeId, "AWS::EC2::Volume::Id"),
        (Self::VpcId, "AWS::EC2::VPC::Id"),
        (Self::HostedZoneId, "AWS::Route53::HostedZone::Id"),
    ];

    /// The type's name.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(specific, _)| *specific == self).map_or("", |(_, name)| name)
    }

    fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known)| *known == name).map(|(specific, _)| *specific)
    }
}

impl ParameterKind {
    /// The type of that name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        let inner = |prefix: &str| name.strip_prefix(prefix).and_then(|rest| rest.strip_suffix('>'));
        match name {
            "String" => Some(Self::String),
            "Number" => Some(Self::Number),
            "CommaDelimitedList" => Some(Self::CommaDelimitedList),
            "List<String>" => Some(Self::StringList),
            "List<Number>" => Some(Self::NumberList),
            "AWS::SSM::Parameter::Name" => Some(Self::SsmName),
            _ => {
                if let Some(inner) = inner("AWS::SSM::Parameter::Value<") {
                    let kind = Self::named(inner).filter(|kind| {
                        !matches!(kind, Self::Number | Self::NumberList | Self::SsmName | Self::SsmValue(_))
                    });
                    return kind.map(|kind| Self::SsmValue(Box::new(kind)));
                }
                match inner("List<") {
                    Some(inner) => Specific::named(inner).map(Self::SpecificList),
                    None => Specific::named(name).map(Self::Specific),
                }
            }
        }
    }

    /// The type's name, as a template declares it.
    pub fn declared(&self) -> String {
        match self {
            Self::String => "String".to_owned(),
            Self::Number => "Number".to_owned(),
            Self::CommaDelimitedList => "CommaDelimitedList".to_owned(),
            Self::StringList => "List<String>".to_owned(),
            Self::NumberList => "List<Number>".to_owned(),
            Self::SsmName => "AWS::SSM::Parameter::Name".to_owned(),
            Self::Specific(specific) => specific.name().to_owned(),
            Self::SpecificList(specific) => format!("List<{}>", specific.name()),
            Self::SsmValue(inner) => format!("AWS::SSM::Parameter::Value<{}>", inner.declared()),
        }
    }

    /// Whether its value is a list.
    pub fn is_list(&self) -> bool {
        match self {
            Self::CommaDelimitedList | Self::StringList | Self::NumberList | Self::SpecificList(_) => true,
            Self::SsmValue(inner) => inner.is_list(),
            Self::String | Self::Number | Self::Specific(_) | Self::SsmName => false,
        }
    }

    /// What its values, or its items, must name.
    pub(crate) fn specific(&self) -> Option<Specific> {
        match self {
            Self::Specific(specific) | Self::SpecificList(specific) => Some(*specific),
            _ => None,
        }
    }
}

impl fmt::Display for ParameterKind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::String => out.write_str("String"),
            Self::Number => out.write_str("Number"),
            Self::CommaDelimitedList => out.write_str("CommaDelimitedList"),
            Self::StringList => out.write_str("List<String>"),
            Self::NumberList => out.write_str("List<Number>"),
            Self::Specific(specific) => out.write_str(specific.name()),
            Self::SpecificList(specific) => write!(out, "List<{}>", specific.name()),
            Self::SsmName => out.write_str("AWS::SSM::Parameter::Name"),
            Self::SsmValue(inner) => write!(out, "AWS::SSM::Parameter::Value<{inner}>"),
        }
    }
}
