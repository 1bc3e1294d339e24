//! Days of traffic, minute by minute: tasks start and end with some delay, alarms see what each task has to do, and policies act. Whatever
//! the shape of the load, the bounds hold, cooldowns hold, and nothing swings that the load does not.

use super::*;

/// How many requests a minute one task is to have.
const TARGET: f64 = 1_000.0;
const MIN: u32 = 2;
const MAX: u32 = 20;
/// Both cooldowns of the policy, in minutes.
const COOLDOWN: i64 = 5;
/// Minutes of a day.
const DAY: i64 = 24 * 60;

/// A change of the desired count.
#[derive(Debug, Clone, Copy)]
struct Change {
    minute: i64,
    from: u32,
    to: u32,
}

/// What came of a load.
struct Lived {
    site: Site,
    changes: Vec<Change>,
    /// What each task had to do, minute by minute.
    each: Vec<f64>,
}

/// Lets so many minutes go by with a load, in requests a minute.
fn live(minutes: i64, load: impl Fn(i64) -> f64) -> Lived {
    let mut site = Site::between(MIN, MAX, MIN);
    let tracking = json!({"TargetValue": TARGET, "CustomizedMetricSpecification": {
        "MetricName": "Requests", "Namespace": "Mine", "Statistic": "Sum",
    }});
    let policy = json!({
        "PolicyName": "load", "PolicyType": "TargetTrackingScaling", "TargetTrackingScalingPolicyConfiguration": tracking,
    });
    site.call("PutScalingPolicy", policy);
    let alarms = site.alarms("load");
    let (mut changes, mut every) = (Vec::new(), Vec::new());
    for minute in 0..minutes {
        let before = site.desired();
        site.pass_a_minute();
        let each = load(minute) / f64::from(site.running().max(1));
        alarms.iter().for_each(|alarm| site.measure(alarm, each));
        every.push(each);
        site.evaluate();
        let after = site.desired();
        assert!((MIN..=MAX).contains(&after), "{after} at minute {minute}");
        if after != before {
            changes.push(Change { minute, from: before, to: after });
        }
        // What is too old to be looked at is forgotten, or a day would take a day.
        let old = site.now() - 30 * MINUTE;
        site.values.retain(|(_, start), _| *start > old);
    }
    check(&changes, &load);
    Lived { site, changes, each: every }
}

/// Holds what changed against the rules.
fn check(changes: &[Change], load: &dyn Fn(i64) -> f64) {
    for pair in changes.windows(2) {
        let [one, other] = pair else { continue };
        let (out, later_out) = (one.to > one.from, other.to > other.from);
        assert_eq!(one.to, other.from, "nobody else sets it");
        let apart = other.minute - one.minute;
        match (out, later_out) {
            (false, false) => assert!(apart >= COOLDOWN, "in again too soon: {pair:?}"),
            // Every one of the fifteen minutes was low, so none of them is one that scaled out.
            (true, false) => assert!(apart >= 15, "in too soon after out: {pair:?}"),
            // Within the cooldown only more load than what began it adds more.
            (true, true) if apart <= COOLDOWN => {
                assert!(load(other.minute) > load(one.minute), "out again without more load: {pair:?}");
            }
            (true, true) => {}
            (false, true) => {
                assert!(load(other.minute) > load(one.minute), "out after in without more load: {pair:?}");
            }
        }
    }
}

/// How often the direction changed.
fn turns(changes: &[Change]) -> usize {
    changes.windows(2).filter(|pair| (pair[0].to > pair[0].from) != (pair[1].to > pair[1].from)).count()
}

/// What looks like chance, from 0 to 1, and is the same each time.
fn noise(minute: i64) -> f64 {
    let mut z = (minute as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    ((z ^ (z >> 27)) % 1_000) as f64 / 1_000.0
}

fn wave(minute: i64) -> f64 {
    let turn = std::f64::consts::TAU * minute as f64 / DAY as f64;
    7_000.0 - 6_000.0 * turn.cos()
}

#[test]
fn two_days_of_day_and_night_turn_no_more_often_than_the_sun() {
    let Lived { changes, .. } = live(2 * DAY, wave);
    assert_eq!(turns(&changes), 3, "{changes:?}");
    let most = changes.iter().map(|change| change.to).max();
    assert!(most >= Some(13), "{most:?}: the top is reached");
}

#[test]
fn a_steady_load_is_met_once_and_then_nothing_happens() {
    let Lived { site, changes, .. } = live(DAY / 2, |_| 6_500.0);
    assert_eq!(changes.len(), 1, "{changes:?}");
    assert_eq!((site.desired(), site.running()), (7, 7));
}

#[test]
fn a_rising_load_is_followed_while_it_rises() {
    let Lived { changes, each, .. } = live(60, |minute| 2_000.0 + 250.0 * minute as f64);
    assert!(changes.iter().all(|change| change.to > change.from), "{changes:?}");
    let most = each.iter().copied().fold(0.0, f64::max);
    let over = each.iter().filter(|each| **each > 1.1 * TARGET).count();
    assert!(most < 1.5 * TARGET && over <= 20, "{most} at most, {over} minutes of 60 over: {changes:?}");
}

#[test]
fn a_noisy_load_does_not_make_it_swing() {
    let Lived { changes, .. } = live(DAY, |minute| 6_000.0 * (0.95 + noise(minute) / 10.0));
    assert!(turns(&changes) <= 1, "{changes:?}");
}

#[test]
fn a_spike_of_five_minutes_scales_out_and_later_in() {
    let Lived { site, changes, .. } =
        live(DAY / 4, |minute| if (60..65).contains(&minute) { 15_000.0 } else { 3_000.0 });
    let tops = changes.iter().map(|change| change.to).max();
    assert_eq!(tops, Some(15), "{changes:?}");
    assert!(turns(&changes) <= 2, "{changes:?}");
    assert_eq!(site.desired(), 3);
}

#[test]
fn a_spike_of_two_minutes_is_over_before_anybody_acts() {
    let Lived { changes, .. } = live(200, |minute| if (60..62).contains(&minute) { 15_000.0 } else { 1_900.0 });
    assert!(changes.is_empty(), "{changes:?}");
}

#[test]
fn more_than_can_be_had_stays_at_the_most_and_silence_goes_to_the_least() {
    let Lived { site, changes, .. } = live(DAY / 2, |minute| if minute < DAY / 4 { 100_000.0 } else { 0.0 });
    assert_eq!((changes.first().map(|change| change.to), site.desired()), (Some(MAX), MIN));
    assert_eq!(changes.len(), 2, "{changes:?}");
}

#[test]
fn a_square_wave_of_two_hours_is_followed_edge_by_edge() {
    let Lived { changes, .. } = live(DAY, |minute| if minute / 60 % 2 == 0 { 3_000.0 } else { 12_000.0 });
    assert!(turns(&changes) <= 24, "{changes:?}");
    let out = changes.iter().filter(|change| change.to > change.from).count();
    assert!(out <= 2 * 12 + 1, "{changes:?}");
}
