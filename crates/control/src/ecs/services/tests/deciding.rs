//! What the scheduler decides, for services and tasks of every kind.

use super::{deployment, service};
use crate::{
    ecs::services::decide::{Bounds, Stage, Step, TaskView, Why, decide},
    state::{Service, ServiceStatus},
};
use aws::api::ecs::DeploymentRolloutState as Rollout;
use proptest::prelude::*;
use spec::TaskId;
use std::collections::BTreeSet;

fn zones() -> BTreeSet<String> {
    ["a", "b"].map(str::to_owned).into()
}

fn task(number: usize, revision: &str, stage: Stage) -> TaskView {
    TaskView {
        id: TaskId::from(format!("{number:032}")),
        revision: revision.to_owned(),
        zone: if number.is_multiple_of(2) { "a" } else { "b" }.to_owned(),
        stage,
        created_at: number as i64,
        protected: false,
    }
}

/// Revision 2 takes the place of revision 1.
fn rolling(desired: u32, least: i32, most: i32) -> Service {
    let mut service = service(desired);
    service.configuration.minimum_healthy_percent = Some(least);
    service.configuration.maximum_percent = Some(most);
    service.deployments.insert(0, deployment("2"));
    service.deployments[1].state = Rollout::Completed;
    service.last_completed = Some("1".to_owned());
    service
}

fn counted(steps: &[Step]) -> (usize, usize) {
    let started = steps.iter().map(|step| if let Step::Start { count, .. } = step { *count } else { 0 }).sum();
    (started, steps.iter().filter(|step| matches!(step, Step::Stop(..))).count())
}

fn tasks(old: usize, new: usize) -> Vec<TaskView> {
    let olds = (0..old).map(|number| task(number, "1", Stage::Healthy));
    olds.chain((0..new).map(|number| task(100 + number, "2", Stage::Healthy))).collect()
}

#[test]
fn the_guides_examples_of_bounds() {
    let of = |desired, least, most| {
        let Bounds { least, most, .. } = Bounds::of(&rolling(desired, least, most));
        (least, most)
    };
    assert_eq!([of(4, 50, 200), of(2, 75, 200), of(3, 100, 125)], [(2, 8), (2, 4), (3, 3)]);
}

#[test]
fn what_is_missing_is_started_before_anything_is_stopped() {
    let service = rolling(4, 100, 150);
    assert_eq!(counted(&decide(&service, &tasks(4, 0), &zones(), 0)), (2, 0));
    assert_eq!(counted(&decide(&service, &tasks(4, 2), &zones(), 0)), (0, 2));
    assert_eq!(counted(&decide(&service, &tasks(2, 2), &zones(), 0)), (2, 0));
    assert_eq!(counted(&decide(&service, &tasks(2, 4), &zones(), 0)), (0, 2));
}

#[test]
fn without_room_the_minimum_says_how_much_is_made() {
    assert_eq!(counted(&decide(&rolling(4, 50, 100), &tasks(4, 0), &zones(), 0)), (0, 2));
    assert_eq!(counted(&decide(&rolling(4, 0, 100), &tasks(4, 0), &zones(), 0)), (0, 4));
    assert_eq!(decide(&rolling(1, 100, 100), &tasks(1, 0), &zones(), 0), [Step::Blocked]);
}

#[test]
fn an_unhealthy_task_stays_until_another_is_healthy_in_its_place() {
    let mut service = service(1);
    service.deployments[0].state = Rollout::Completed;
    let mut tasks = vec![task(0, "1", Stage::Unhealthy)];
    assert_eq!(decide(&service, &tasks, &zones(), 0), [Step::Start { count: 1, replacing: 1 }]);
    tasks.push(task(1, "1", Stage::Starting));
    assert_eq!(decide(&service, &tasks, &zones(), 0), []);
    tasks[1].stage = Stage::Healthy;
    assert_eq!(decide(&service, &tasks, &zones(), 0), [Step::Stop(tasks[0].id.clone(), Why::Unhealthy)]);

    // Where there is no room for the other it goes first.
    service.configuration.maximum_percent = Some(100);
    assert_eq!(decide(&service, &tasks[..1], &zones(), 0), [Step::Stop(tasks[0].id.clone(), Why::Unhealthy)]);
}

#[test]
fn fewer_tasks_are_stopped_where_there_are_most_and_protected_ones_stay() {
    let mut service = service(2);
    service.deployments[0].state = Rollout::Completed;
    let mut tasks = [0, 2, 4, 1].map(|number| task(number, "1", Stage::Healthy)).to_vec();
    let stops = |tasks: &[TaskView], service: &Service| -> Vec<i64> {
        let steps = decide(service, tasks, &zones(), 0);
        let stopped = |step: &Step| match step {
            Step::Stop(id, Why::Scaling) => tasks.iter().find(|task| task.id == *id).map(|task| task.created_at),
            _ => None,
        };
        steps.iter().filter_map(stopped).collect()
    };
    assert_eq!(stops(&tasks, &service), [4, 2]);
    tasks[2].protected = true;
    assert_eq!(stops(&tasks, &service), [2, 0]);
    tasks.iter_mut().for_each(|task| task.protected = true);
    assert!(stops(&tasks, &service).is_empty());
    service.status = ServiceStatus::Draining;
    assert_eq!(stops(&tasks, &service).len(), 4);
}

#[test]
fn tasks_move_to_the_zone_that_has_few_one_by_one() {
    let mut service = service(4);
    service.rebalancing = true;
    service.deployments[0].state = Rollout::Completed;
    service.steady = true;
    let mut tasks = [0, 2, 4, 6].map(|number| task(number, "1", Stage::Healthy)).to_vec();
    let steps = decide(&service, &tasks, &zones(), 0);
    assert_eq!(steps, [Step::Moving(true), Step::Start { count: 1, replacing: 0 }, Step::Steady(false)]);
    (service.moving, service.steady) = (true, false);
    tasks.push(task(7, "1", Stage::Starting));
    assert_eq!(decide(&service, &tasks, &zones(), 0), []);
    tasks[4].stage = Stage::Healthy;
    assert_eq!(decide(&service, &tasks, &zones(), 0), [Step::Stop(tasks[3].id.clone(), Why::Rebalancing)]);
    tasks.remove(3);
    assert_eq!(counted(&decide(&service, &tasks, &zones(), 0)), (1, 0), "three and one are not balanced");
    tasks.push(task(9, "1", Stage::Healthy));
    assert_eq!(decide(&service, &tasks, &zones(), 0), [Step::Stop(tasks[2].id.clone(), Why::Rebalancing)]);
    tasks.remove(2);
    assert_eq!(decide(&service, &tasks, &zones(), 0), [Step::Moving(false), Step::Steady(true)]);
}

fn stage() -> impl Strategy<Value = Stage> {
    prop_oneof![
        Just(Stage::Ending),
        Just(Stage::Leaving),
        Just(Stage::Unhealthy),
        Just(Stage::Starting),
        Just(Stage::Unproven),
        Just(Stage::Healthy)
    ]
}

prop_compose! {
    fn any_service()(
        desired in 0_u32..7,
        least in 0..=100_i32,
        most in 100..=300_i32,
        alone in any::<bool>(),
        rebalancing in any::<bool>(),
        moving in any::<bool>(),
        state in prop_oneof![Just(Rollout::InProgress), Just(Rollout::Completed), Just(Rollout::Failed)],
    ) -> Service {
        let mut service = rolling(desired, least, most);
        if alone {
            service.deployments.truncate(1);
        }
        service.deployments[0].state = state;
        (service.rebalancing, service.moving) = (rebalancing, moving);
        service
    }
}

fn any_tasks() -> impl Strategy<Value = Vec<TaskView>> {
    let one = (any::<bool>(), stage(), any::<bool>(), prop::bool::weighted(0.2));
    prop::collection::vec(one, 0..16).prop_map(|all| {
        let whole = |(number, (old, stage, zone, protected)): (usize, (bool, Stage, bool, bool))| TaskView {
            zone: if zone { "a" } else { "b" }.to_owned(),
            protected,
            ..task(number, if old { "1" } else { "2" }, stage)
        };
        all.into_iter().enumerate().map(whole).collect()
    })
}

fn live(tasks: &[TaskView]) -> usize {
    tasks.iter().filter(|task| task.stage >= Stage::Unhealthy).count()
}
fn healthy(tasks: &[TaskView]) -> usize {
    tasks.iter().filter(|task| task.stage == Stage::Healthy).count()
}

/// Does what was decided; returns what ended by it.
fn apply(service: &mut Service, tasks: &mut Vec<TaskView>, steps: Vec<Step>, next: &mut usize) {
    for step in steps {
        match step {
            Step::Start { count, .. } => {
                for _ in 0..count {
                    *next += 1;
                    let revision = service.deployments[0].revision.clone();
                    tasks.push(task(*next, &revision, Stage::Starting));
                }
            }
            Step::Stop(id, _) => {
                tasks.iter_mut().filter(|task| task.id == id).for_each(|task| task.stage = Stage::Leaving);
            }
            Step::Complete => service.deployments[0].state = Rollout::Completed,
            Step::Drop(revision) => service.deployments.retain(|deployment| deployment.revision != revision),
            Step::Steady(steady) => service.steady = steady,
            Step::Moving(moving) => service.moving = moving,
            Step::Blocked | Step::End | Step::Protected(..) => {}
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn no_decision_breaks_the_bounds(service in any_service(), tasks in any_tasks()) {
        let Bounds { least, most, .. } = Bounds::of(&service);
        let steps = decide(&service, &tasks, &zones(), 0);
        let (started, _) = counted(&steps);
        prop_assert!(started == 0 || live(&tasks) + started <= most);
        let stopped: Vec<&TaskView> = steps
            .iter()
            .filter_map(|step| if let Step::Stop(id, _) = step { tasks.iter().find(|task| task.id == *id) } else { None })
            .collect();
        let lost = stopped.iter().filter(|task| task.stage == Stage::Healthy).count();
        prop_assert!(lost == 0 || healthy(&tasks) - lost >= least, "{steps:?}");
        prop_assert!(stopped.iter().all(|task| task.stage >= Stage::Unhealthy));
        prop_assert!(stopped.iter().all(|task| !task.protected || task.stage == Stage::Unhealthy));
        prop_assert!(service.deployments[0].state != Rollout::Failed || started == 0);
    }

    #[test]
    fn every_deployment_ends(mut service in any_service(), mut tasks in any_tasks(), luck in any::<u64>()) {
        service.deployments[0].state = Rollout::InProgress;
        let Bounds { desired, least, most } = Bounds::of(&service);
        // Where neither is possible it is said so, and nothing is promised.
        prop_assume!(least < desired || most > desired || desired == 0);
        if service.deployments.len() == 1 {
            tasks.retain(|task| task.revision == "2");
        }
        let (mut luck, mut next) = (luck, 1000);
        for round in 0..400 {
            let steps = decide(&service, &tasks, &zones(), 0);
            let before = healthy(&tasks);
            apply(&mut service, &mut tasks, steps, &mut next);
            prop_assert!(healthy(&tasks) >= before.min(least));
            // Tasks move on, and at first some fail or end.
            tasks.retain(|task| task.stage > Stage::Leaving || round % 3 != 0);
            for task in &mut tasks {
                luck = luck.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                task.protected &= round < 100;
                match (task.stage, luck >> 60) {
                    (Stage::Starting | Stage::Unproven | Stage::Healthy, 0) if round < 100 => task.stage = Stage::Ending,
                    (Stage::Unproven | Stage::Healthy, 1) if round < 100 => task.stage = Stage::Unhealthy,
                    (Stage::Starting, 8..) => task.stage = Stage::Unproven,
                    (Stage::Unproven, 8..) => task.stage = Stage::Healthy,
                    _ => {}
                }
            }
        }
        prop_assert_eq!(service.deployments[0].state, Rollout::Completed);
        prop_assert!(service.steady && service.deployments.len() == 1, "{:?} {:?}", service, tasks);
        prop_assert_eq!((live(&tasks), healthy(&tasks)), (desired, desired));
    }
}
