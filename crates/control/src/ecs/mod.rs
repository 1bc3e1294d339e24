//! Amazon ECS: one file or folder a resource; which function answers which operation stands here.
//!
//! Absent on purpose: container instances, attributes of them and everything else that only EC2 capacity has.

mod account_settings;
pub(crate) mod arn;
pub(crate) mod clusters;
pub(crate) mod services;
pub(crate) mod tags;
pub(crate) mod task_definitions;
pub(crate) mod tasks;

pub use clusters::insights::{ClusterCount, Insights, ServiceCount, counts, insights};
pub use services::connect_targets;
pub(crate) use services::expire as expire_service;
pub use tasks::{former_interface, interrupt};

use crate::{Region, Service, state::Task};
use aws::api::ecs::{API, op};

/// The ARN of a task.
pub fn task_arn(region: &Region, task: &Task) -> String {
    arn::task(region, &task.cluster, &task.id)
}

/// What Amazon ECS answers.
pub fn service() -> Service {
    let service = Service::new(&API);
    let service = clusters(service);
    let service = task_definitions(service);
    let service = tasks::operations(service);
    let service = services::operations(service);
    tagging(service)
}

fn clusters(service: Service) -> Service {
    service
        .write(op::CreateCluster, clusters::create)
        .write(op::DeleteCluster, clusters::delete)
        .read(op::DescribeClusters, clusters::describe)
        .read(op::ListClusters, clusters::list)
        .write(op::PutClusterCapacityProviders, clusters::put_capacity_providers)
        .write(op::UpdateCluster, clusters::update)
        .write(op::UpdateClusterSettings, clusters::update_settings)
        .write(op::DeleteAccountSetting, account_settings::delete)
        .read(op::ListAccountSettings, account_settings::list)
        .write(op::PutAccountSetting, account_settings::put)
        .write(op::PutAccountSettingDefault, account_settings::put_default)
}

fn task_definitions(service: Service) -> Service {
    service
        .write(op::DeleteTaskDefinitions, task_definitions::delete)
        .write(op::DeregisterTaskDefinition, task_definitions::deregister)
        .read(op::DescribeTaskDefinition, task_definitions::describe)
        .read(op::ListTaskDefinitionFamilies, task_definitions::families)
        .read(op::ListTaskDefinitions, task_definitions::list)
        .write(op::RegisterTaskDefinition, task_definitions::register)
}

fn tagging(service: Service) -> Service {
    service
        .read(op::ListTagsForResource, tags::list)
        .write(op::TagResource, tags::tag)
        .write(op::UntagResource, tags::untag)
}
