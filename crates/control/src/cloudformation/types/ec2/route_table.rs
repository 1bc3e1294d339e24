//! AWS::EC2::RouteTable and AWS::EC2::SubnetRouteTableAssociation.

use super::{
    super::{ResourceType, Wanted, ask, at, call, text, words},
    described, filter, items, tags,
};
use crate::{Tx, View};
use aws::{api::ec2::API, fault::Fault};
use serde_json::{Value, json};

/// AWS::EC2::RouteTable.
pub(super) struct RouteTable;

impl ResourceType for RouteTable {
    fn create(&self, tx: &mut Tx<'_>, wanted: &Wanted<'_>) -> Result<String, Fault> {
        let mut input = wanted.pick(&["VpcId"]);
        input.insert("TagSpecification".to_owned(), tags::specification("route-table", wanted));
        text(&call(tx, &API, "CreateRouteTable", input.into())?, "/routeTable/routeTableId")
    }

    fn update(&self, tx: &mut Tx<'_>, id: &str, before: &Wanted<'_>, wanted: &Wanted<'_>) -> Result<(), Fault> {
        tags::update(tx, id, before, wanted)
    }

    fn delete(&self, tx: &mut Tx<'_>, id: &str, _: &Value) -> Result<(), Fault> {
        call(tx, &API, "DeleteRouteTable", json!({ "RouteTableId": id })).map(drop)
    }

    fn attribute(&self, _: &View<'_>, id: &str, _: &Value, name: &str) -> Result<Option<Value>, Fault> {
        Ok((name == "RouteTableId").then(|| json!(id)))
    }

    fn read(&self, view: &View<'_>, id: &str, _: &Value) -> Result<Option<Value>, Fault> {
        let found = described(view, "DescribeRouteTables", json!({ "RouteTableId": [id] }), "routeTableSet")?;
        Ok(found.map(|table| json!({ "VpcId": table["vpcId"] })))
    }
}

/// AWS::EC2::SubnetRouteTableAssociation.
pub(super) struct Association;

impl ResourceType for Association {
    fn create(&self, tx: &mut Tx<'_>, wanted: &Wanted<'_>) -> Result<String, Fault> {
        // AssociateRouteTable answers with an association that is there already; it would be two stacks'.
        let subnet = wanted.text("SubnetId").unwrap_or_default();
        let filters = json!({ "Filter": [filter("association.subnet-id", subnet)] });
        let tables = ask(&tx.view(), &API, "DescribeRouteTables", filters)?;
        let associations = at(&tables, "/routeTableSet/0/associationSet");
        let there = associations.as_array().into_iter().flatten().find(|one| one["subnetId"] == subnet);
        if let Some(id) = there.and_then(|one| one["routeTableAssociationId"].as_str()) {
            return Err(words::exists("AWS::EC2::SubnetRouteTableAssociation", id));
        }
        let input = wanted.pick(&["RouteTableId", "SubnetId"]);
        text(&call(tx, &API, "AssociateRouteTable", input.into())?, "/associationId")
    }

    /// Every change makes another one.
    fn update(&self, _: &mut Tx<'_>, _: &str, _: &Wanted<'_>, _: &Wanted<'_>) -> Result<(), Fault> {
        Ok(())
    }

    fn delete(&self, tx: &mut Tx<'_>, id: &str, _: &Value) -> Result<(), Fault> {
        call(tx, &API, "DisassociateRouteTable", json!({ "AssociationId": id })).map(drop)
    }

    fn attribute(&self, _: &View<'_>, id: &str, _: &Value, name: &str) -> Result<Option<Value>, Fault> {
        Ok((name == "Id").then(|| json!(id)))
    }

    fn read(&self, view: &View<'_>, id: &str, _: &Value) -> Result<Option<Value>, Fault> {
        let input = json!({ "Filter": [filter("association.route-table-association-id", id)] });
        let found = described(view, "DescribeRouteTables", input, "routeTableSet")?;
        let own = found.as_ref().and_then(|table| {
            items(&table["associationSet"]).find(|association| association["routeTableAssociationId"] == id)
        });
        Ok(own.map(|own| json!({ "RouteTableId": own["routeTableId"], "SubnetId": own["subnetId"] })))
    }
}
