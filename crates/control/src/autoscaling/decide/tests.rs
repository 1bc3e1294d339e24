//! What is documented, and what holds whatever is configured.

use super::*;
use proptest::prelude::*;

fn at(current: u32) -> Situation {
    Situation { current, min: 1, max: 100, tracking_ready: true, ..Situation::default() }
}

fn steps(kind: AdjustmentType, steps: &[(Option<f64>, Option<f64>, i32)]) -> StepScalingPolicyConfiguration {
    let step = |(low, high, by): &(Option<f64>, Option<f64>, i32)| StepAdjustment {
        metric_interval_lower_bound: *low,
        metric_interval_upper_bound: *high,
        scaling_adjustment: Some(*by),
    };
    StepScalingPolicyConfiguration {
        adjustment_type: Some(kind),
        step_adjustments: Some(steps.iter().map(step).collect()),
        ..StepScalingPolicyConfiguration::default()
    }
}

#[test]
fn target_tracking_rounds_up_both_ways() {
    assert_eq!(track_high(50.0, &[90.0, 75.0], 2, &at(2)), Wish::Out(3));
    assert_eq!(track_high(50.0, &[51.0], 10, &at(10)), Wish::Out(11));
    let many = Situation { max: 1_000, ..at(100) };
    assert_eq!(
        track_high(50.0, &[55.0], 100, &many),
        Wish::Out(110),
        "not one more for what floating-point numbers are"
    );
    assert_eq!(track_high(100.0, &[150.0], 0, &at(0)), Wish::Out(2), "from nothing as from one");
    assert_eq!(track_low(50.0, &[10.0, 30.0, 20.0], &at(10)), Wish::In(6, true), "by the highest value");
    assert_eq!(track_low(50.0, &[0.0], &at(10)), Wish::In(0, true));
    assert_eq!(track_low(70.0, &[60.0], &at(2)), Wish::Stay(Reason::AutoScalingAnticipatedFlapping));
}

#[test]
fn while_a_scale_out_takes_effect_only_a_larger_one_goes_on() {
    let cooling = Situation { before_scale_out: Some(10), ..at(20) };
    assert_eq!(track_high(50.0, &[100.0], 10, &cooling), Wish::Nothing);
    assert_eq!(track_high(50.0, &[150.0], 10, &cooling), Wish::Out(30));
    // "The previous increase of 2 is considered part of the current capacity. Therefore, only 1 is added."
    let by = steps(AdjustmentType::ChangeInCapacity, &[(Some(0.0), Some(10.0), 2), (Some(10.0), None, 3)]);
    let cooling = Situation { before_scale_out: Some(10), ..at(12) };
    assert_eq!(step(&by, 50.0, true, &[55.0], &cooling), Wish::Nothing);
    assert_eq!(step(&by, 50.0, true, &[65.0], &cooling), Wish::Out(13));
}

/// The example of "Step adjustments".
#[test]
fn steps_are_as_the_guide_has_them() {
    let kind = AdjustmentType::PercentChangeInCapacity;
    let out = steps(kind, &[(Some(0.0), Some(10.0), 0), (Some(10.0), Some(20.0), 10), (Some(20.0), None, 30)]);
    let back = steps(kind, &[(Some(-10.0), Some(0.0), 0), (Some(-20.0), Some(-10.0), -10), (None, Some(-20.0), -30)]);
    let unchanged = Wish::Stay(Reason::AlreadyAtDesiredCapacity);
    for (value, current, wanted) in
        [(59.0, 10, unchanged), (60.0, 10, Wish::Out(11)), (69.9, 10, Wish::Out(11)), (70.0, 11, Wish::Out(14))]
    {
        assert_eq!(step(&out, 50.0, true, &[value], &at(current)), wanted, "{value}");
    }
    for (value, current, wanted) in [
        (41.0, 14, unchanged),
        (40.0, 14, Wish::In(13, false)),
        (30.1, 14, Wish::In(13, false)),
        (30.0, 13, Wish::In(10, false)),
    ] {
        assert_eq!(step(&back, 50.0, false, &[value], &at(current)), wanted, "{value}");
    }
}

#[test]
fn percentages_are_rounded_as_documented() {
    // 12.7, .67, -.58 and -6.67 of a hundred.
    assert_eq!([percent(127, 10, 0), percent(67, 1, 0), percent(58, -1, 0), percent(667, -1, 0)], [12, 1, -1, -6]);
    assert_eq!(percent(4, 25, 2), 2, "at least the least");
    assert_eq!(percent(4, -25, 2), -2);
    assert_eq!(percent(0, 50, 0), 0);
}

#[test]
fn exact_capacities_and_aggregations() {
    let mut exact = steps(AdjustmentType::ExactCapacity, &[(Some(0.0), None, 5)]);
    assert_eq!(step(&exact, 1.0, true, &[2.0], &at(3)), Wish::Out(5));
    assert_eq!(step(&exact, 1.0, true, &[2.0], &at(8)), Wish::In(5, false));
    assert_eq!(step(&exact, 1.0, true, &[2.0], &at(5)), Wish::Stay(Reason::AlreadyAtDesiredCapacity));
    exact.metric_aggregation_type = Some(MetricAggregationType::Minimum);
    assert_eq!(step(&exact, 1.0, true, &[0.0, 9.0], &at(3)), Wish::Nothing, "below the threshold there is no step");
    exact.metric_aggregation_type = Some(MetricAggregationType::Maximum);
    assert_eq!(step(&exact, 1.0, true, &[0.0, 9.0], &at(3)), Wish::Out(5));
}

#[test]
fn the_most_of_what_is_wanted_is_done() {
    // "If one policy increases capacity by 3, another by 200 percent, and the current capacity is 10": 30.
    let wishes = [Wish::Out(13), Wish::In(4, false), Wish::Out(30)];
    assert_eq!(decide(&at(10), &wishes), Decision::Scale { by: 2, to: 30 });
    let fewer = [Wish::In(4, true), Wish::In(6, false)];
    assert_eq!(decide(&at(10), &fewer), Decision::Scale { by: 1, to: 6 });
    // Target tracking scales in if all of it is ready; step scaling does not wait for that.
    let unready = Situation { tracking_ready: false, ..at(10) };
    assert_eq!(decide(&unready, &[Wish::In(4, true)]), Decision::Nothing);
    assert_eq!(decide(&unready, &fewer), Decision::Scale { by: 1, to: 6 });
}

#[test]
fn bounds_cooldowns_deployments_and_suspensions() {
    let stay = |reason| Decision::Stay { by: 0, reason };
    let (out, back) = ([Wish::Out(200)], [Wish::In(0, true)]);
    assert_eq!(decide(&at(10), &out), Decision::Scale { by: 0, to: 100 });
    assert_eq!(decide(&at(100), &out), stay(Reason::AlreadyAtMaxCapacity));
    assert_eq!(decide(&at(10), &back), Decision::Scale { by: 0, to: 1 });
    assert_eq!(decide(&at(1), &back), stay(Reason::AlreadyAtMinCapacity));
    let deploying = Situation { deploying: true, ..at(10) };
    assert_eq!(decide(&deploying, &back), stay(Reason::TargetServicePutResourceAsUnscalable));
    assert_eq!(decide(&deploying, &out), Decision::Scale { by: 0, to: 100 });
    let cooling = Situation { scaled_in: true, ..at(10) };
    assert_eq!(decide(&cooling, &back), Decision::Nothing);
    assert_eq!(decide(&cooling, &out), Decision::Scale { by: 0, to: 100 }, "more may be had at once");
    assert_eq!(decide(&Situation { in_suspended: true, ..at(10) }, &back), Decision::Nothing);
    assert_eq!(decide(&Situation { out_suspended: true, ..at(10) }, &out), Decision::Nothing);
}

/// "If a service's desired count is set below its minimum capacity value …" (Service auto scaling, Amazon ECS Developer Guide).
#[test]
fn a_count_that_somebody_set_beyond_the_bounds() {
    let below = Situation { min: 4, ..at(1) };
    assert_eq!(decide(&below, &[Wish::Out(2)]), Decision::Scale { by: 0, to: 4 });
    assert_eq!(decide(&below, &[Wish::In(0, true)]), Decision::Stay { by: 0, reason: Reason::AlreadyAtMinCapacity });
    let above = Situation { max: 4, ..at(9) };
    assert_eq!(decide(&above, &[Wish::In(8, true)]), Decision::Scale { by: 0, to: 4 });
    assert_eq!(decide(&above, &[Wish::Out(12)]), Decision::Stay { by: 0, reason: Reason::AlreadyAtMaxCapacity });
}

prop_compose! {
    fn situation()(current in 0u32..60, min in 0u32..30, more in 0u32..30, before in proptest::option::of(0u32..60),
        flags in proptest::collection::vec(any::<bool>(), 5)) -> Situation {
        let flag = |place: usize| flags.get(place).copied().unwrap_or_default();
        Situation {
            current, min, max: min + more, before_scale_out: before, scaled_in: flag(0), deploying: flag(1),
            tracking_ready: flag(2), out_suspended: flag(3), in_suspended: flag(4),
        }
    }
}

fn wish() -> impl Strategy<Value = Wish> {
    prop_oneof![
        (0u32..100).prop_map(Wish::Out),
        (0u32..100, any::<bool>()).prop_map(|(to, tracking)| Wish::In(to, tracking)),
        Just(Wish::Nothing),
        Just(Wish::Stay(Reason::AlreadyAtDesiredCapacity)),
    ]
}

/// Wishes as policies have them: for more than there is, or for fewer.
fn sane(situation: &Situation, wishes: Vec<Wish>) -> Vec<Wish> {
    let sane = |wish| match wish {
        Wish::Out(to) => Wish::Out(to.saturating_add(situation.current + 1)),
        Wish::In(to, tracking) if situation.current > 0 => Wish::In(to % situation.current, tracking),
        Wish::In(..) => Wish::Nothing,
        other => other,
    };
    wishes.into_iter().map(sane).collect()
}

proptest! {
    #[test]
    fn the_bounds_are_never_crossed(situation in situation(), wishes in proptest::collection::vec(wish(), 0..6)) {
        let wishes = sane(&situation, wishes);
        if let Decision::Scale { by, to } = decide(&situation, &wishes) {
            prop_assert!((situation.min..=situation.max).contains(&to), "{to}");
            prop_assert!(by < wishes.len());
            let wants_more = wishes.iter().any(|wish| matches!(wish, Wish::Out(_)));
            if to > situation.current {
                prop_assert!(wants_more && !situation.out_suspended);
                prop_assert!(matches!(wishes[by], Wish::Out(wanted) if wanted >= to || situation.min == to));
            } else {
                prop_assert!(to < situation.current, "a change changes something");
                prop_assert!(!situation.scaled_in && !situation.deploying && !situation.in_suspended);
                prop_assert!(!wants_more || situation.out_suspended, "nobody who wants more is overruled");
            }
        }
    }

    #[test]
    fn the_policy_that_wants_the_most_decides(situation in situation(), wishes in proptest::collection::vec(wish(), 0..6)) {
        let wishes = sane(&situation, wishes);
        let open = Situation { max: u32::MAX, min: 0, out_suspended: false, ..situation };
        let most = wishes.iter().filter_map(|wish| if let Wish::Out(wanted) = wish { Some(*wanted) } else { None }).max();
        match (most, decide(&open, &wishes)) {
            (Some(most), Decision::Scale { to, .. }) => prop_assert_eq!(to, most),
            (Some(_), other) => prop_assert!(false, "{other:?}"),
            (None, _) => {}
        }
    }

    /// However much there is of it, a load that stays the same is met by one scale-out, and then nothing is wanted any more.
    #[test]
    fn a_steady_load_comes_to_rest(load in 1.0f64..10_000.0, target in 1.0f64..1_000.0, start in 1u32..50) {
        let value = |count: u32| load / f64::from(count);
        let (mut current, mut changes) = (start, 0);
        for _ in 0..10 {
            let situation = Situation { max: u32::MAX, ..at(current) };
            let wish = match value(current) {
                now if now > target => track_high(target, &[now], current, &situation),
                now if now < target * 0.9 => track_low(target, &[now], &situation),
                _ => Wish::Nothing,
            };
            let Decision::Scale { to, .. } = decide(&situation, &[wish]) else { break };
            current = to;
            changes += 1;
        }
        prop_assert!(changes <= 1, "{changes} changes");
        prop_assert!(value(current) <= target * 1.000_001);
        let needed = current == 1 || value(current - 1) > target * 0.999_999;
        prop_assert!(needed || value(current) >= target * 0.9, "not one too many");
    }

    #[test]
    fn steps_never_go_the_wrong_way(
        by in -20i32..20, kind in 0usize..2, current in 0u32..50, before in proptest::option::of(0u32..50), least in 0i32..5,
    ) {
        let kind = [AdjustmentType::ChangeInCapacity, AdjustmentType::PercentChangeInCapacity][kind];
        let mut policy = steps(kind, &[(Some(0.0), None, by)]);
        policy.min_adjustment_magnitude = Some(least);
        let situation = Situation { before_scale_out: before, ..at(current) };
        match step(&policy, 5.0, true, &[6.0], &situation) {
            Wish::Out(to) => prop_assert!(by > 0 && to > current),
            Wish::In(to, _) => prop_assert!(by < 0 && to < current),
            Wish::Stay(_) | Wish::Nothing => {}
        }
    }
}
