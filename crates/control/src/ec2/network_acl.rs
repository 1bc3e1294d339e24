//! Network ACLs: CreateNetworkAcl, DeleteNetworkAcl, ReplaceNetworkAclAssociation. Absent: IPv6.

use super::{
    cidr::everywhere,
    client_token::Call,
    describe_network_acls::show,
    kind::Kind,
    parameter::{done, invalid},
    quota, tags, vpc,
};
use crate::{
    State, Tx,
    state::{AclEntry, NetworkAcl, SubnetAcl, Tags},
};
use ::vpc::{IpProtocol, NetworkAclId, Ports, VpcId};
use aws::{
    api::ec2::{
        CreateNetworkAclRequest, CreateNetworkAclResult, DeleteNetworkAclRequest, ReplaceNetworkAclAssociationRequest,
        ReplaceNetworkAclAssociationResult, ResourceType,
    },
    fault::Fault,
    shape::Nothing,
};

/// An ACL by its id.
///
/// # Errors
/// `InvalidNetworkAclID.NotFound`, `InvalidNetworkAclId.Malformed`.
pub(super) fn get<'a>(state: &'a State, id: &str) -> Result<&'a NetworkAcl, Fault> {
    state.network_acls.get(id).ok_or_else(|| Kind::NetworkAcl.missing(id))
}

/// Makes a VPC's default ACL: rule 100 allows everything, both ways ("Default network ACL", Amazon VPC User Guide).
pub(super) fn create_default(tx: &mut Tx<'_>, vpc: &VpcId) {
    let all = |egress| AclEntry {
        number: 100,
        egress,
        protocol: IpProtocol::All,
        ports: Ports::All,
        cidr: everywhere(),
        allow: true,
    };
    let id = NetworkAclId::from(tx.ec2_id("acl"));
    let entries = vec![all(true), all(false)];
    tx.state.network_acls.put(NetworkAcl { id, vpc: vpc.clone(), is_default: true, entries, tags: Tags::new() });
}

/// A new subnet's association with its VPC's default ACL.
pub(super) fn associate_default(tx: &mut Tx<'_>, vpc: &VpcId) -> SubnetAcl {
    let default = tx.state.network_acls.iter().find(|acl| acl.is_default && acl.vpc == *vpc).map(|acl| acl.id.clone());
    SubnetAcl { association: tx.ec2_id("aclassoc"), acl: default.unwrap_or_else(|| NetworkAclId::from("")) }
}

/// CreateNetworkAcl. A new ACL denies everything ("Custom network ACLs", Amazon VPC User Guide).
pub(super) fn create(tx: &mut Tx<'_>, input: CreateNetworkAclRequest) -> Result<CreateNetworkAclResult, Fault> {
    let call = Call::new("CreateNetworkAcl", input.client_token.as_ref(), &input)?;
    let CreateNetworkAclRequest { tag_specifications, client_token, dry_run, vpc_id } = input;
    let before = call.made_before(&tx.state)?.and_then(|id| tx.state.network_acls.get(&id).cloned());
    let acl = match before {
        Some(acl) => acl,
        None => {
            let vpc = vpc::get(&tx.state, &vpc_id)?.id.clone();
            let tags = tags::at_creation(tag_specifications, ResourceType::NetworkAcl)?;
            let acl = make(tx, vpc, tags)?;
            call.remember(tx, &acl.id);
            acl
        }
    };
    done(dry_run, CreateNetworkAclResult { network_acl: Some(show(&tx.state, &acl)), client_token })
}

fn make(tx: &mut Tx<'_>, vpc: VpcId, tags: Tags) -> Result<NetworkAcl, Fault> {
    if tx.state.network_acls.iter().filter(|acl| acl.vpc == vpc).count() >= quota::NETWORK_ACLS_PER_VPC {
        return Err(Fault::new("NetworkAclLimitExceeded", "The maximum number of network ACLs has been reached."));
    }
    let id = NetworkAclId::from(tx.ec2_id("acl"));
    let acl = NetworkAcl { id, vpc, is_default: false, entries: Vec::new(), tags };
    tx.state.network_acls.put(acl.clone());
    Ok(acl)
}

/// DeleteNetworkAcl.
pub(super) fn delete(tx: &mut Tx<'_>, input: DeleteNetworkAclRequest) -> Result<Nothing, Fault> {
    let DeleteNetworkAclRequest { dry_run, network_acl_id } = input;
    let acl = get(&tx.state, &network_acl_id)?;
    if acl.is_default {
        return Err(invalid(format!("cannot delete default network ACL {network_acl_id}")));
    }
    if tx.state.subnets.iter().any(|subnet| subnet.network_acl.acl == acl.id) {
        return Err(Fault::new(
            "DependencyViolation",
            format!("The networkAcl '{network_acl_id}' has dependencies and cannot be deleted."),
        ));
    }
    tx.state.network_acls.remove(&network_acl_id);
    done(dry_run, Nothing)
}

/// ReplaceNetworkAclAssociation. The association gets a new id, as on AWS.
pub(super) fn replace_association(
    tx: &mut Tx<'_>,
    input: ReplaceNetworkAclAssociationRequest,
) -> Result<ReplaceNetworkAclAssociationResult, Fault> {
    let ReplaceNetworkAclAssociationRequest { dry_run, association_id, network_acl_id } = input;
    let of = tx.state.subnets.iter().find(|subnet| subnet.network_acl.association == association_id);
    let subnet = of.cloned().ok_or_else(|| {
        let message = format!("The association ID '{association_id}' does not exist");
        Fault::new("InvalidAssociationID.NotFound", message)
    })?;
    let acl = get(&tx.state, &network_acl_id)?.clone();
    if acl.vpc != subnet.vpc {
        return Err(invalid("You have specified two resources that belong to different networks."));
    }
    let association = tx.ec2_id("aclassoc");
    let new = SubnetAcl { association: association.clone(), acl: acl.id };
    tx.state.subnets.update(&subnet.id, |subnet| subnet.network_acl = new);
    done(dry_run, ReplaceNetworkAclAssociationResult { new_association_id: Some(association) })
}
