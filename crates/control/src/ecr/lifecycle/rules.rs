//! Holding a policy against images ("How lifecycle policy rules are evaluated", Amazon ECR User Guide): every rule looks at all
//! images, and an image belongs to the first rule by priority whose tags it matches, whether that expires it or not.

use super::policy::{CountType, Policy, Rule, Selection, TagStatus};
use crate::wildcard::Pattern;
use aws::doc::Timestamp;
use spec::DAY;
use std::collections::HashSet;

/// An image without a tag may be one of an index that is still being pushed: that is waited for. (AWS takes up to a day for
/// everything.)
const GRACE: i64 = 5 * 60 * 1000;

/// An image as rules see it.
#[derive(Debug, Clone)]
pub(super) struct Candidate<'a> {
    pub(super) digest: &'a str,
    pub(super) tags: Vec<&'a str>,
    pub(super) pushed: Timestamp,
    /// Listed by an index: not expired while that is there.
    pub(super) listed: bool,
}

/// An image that a rule expires.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Expired {
    pub(super) digest: String,
    /// The rule.
    pub(super) priority: i32,
}

/// What a policy says at a time.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// In the order of the rules, the oldest first.
    pub(super) expired: Vec<Expired>,
    /// When time alone will make it say more.
    pub(super) due: Option<Timestamp>,
}

/// What a policy says of images.
pub(super) fn apply(policy: &Policy, images: &[Candidate<'_>], now: Timestamp) -> Outcome {
    let mut outcome = Outcome::default();
    let mut taken: HashSet<&str> = HashSet::new();
    for rule in &policy.rules {
        let selects = Selects::read(&rule.selection);
        let mut matching: Vec<&Candidate<'_>> = images.iter().filter(|image| selects.fits(image)).collect();
        matching.sort_by(|a, b| b.pushed.cmp(&a.pushed).then_with(|| a.digest.cmp(b.digest)));
        for (image, at) in expiring(rule, &matching).into_iter().rev() {
            if taken.contains(image.digest) || image.listed {
                continue;
            }
            if at <= now {
                outcome.expired.push(Expired { digest: image.digest.to_owned(), priority: rule.rule_priority });
            } else {
                outcome.due = Some(outcome.due.map_or(at, |due| due.min(at)));
            }
        }
        taken.extend(matching.iter().map(|image| image.digest));
    }
    outcome
}

/// The images that a rule expires, and when. `images` are the ones it matches, the youngest first.
fn expiring<'a, 'b>(rule: &Rule, images: &[&'b Candidate<'a>]) -> Vec<(&'b Candidate<'a>, Timestamp)> {
    let after = |image: &Candidate<'_>, millis: i64| Timestamp { millis: image.pushed.millis.saturating_add(millis) };
    let grace = |image: &Candidate<'_>| if image.tags.is_empty() { GRACE } else { 0 };
    let number = rule.selection.count_number;
    match rule.selection.count_type {
        CountType::ImageCountMoreThan => {
            let kept = usize::try_from(number).unwrap_or(usize::MAX);
            images.iter().skip(kept).map(|image| (*image, after(image, grace(image)))).collect()
        }
        _ => images.iter().map(|image| (*image, after(image, i64::from(number) * DAY))).collect(),
    }
}

/// A selection, read once for all images.
struct Selects<'a> {
    selection: &'a Selection,
    patterns: Vec<Pattern>,
}

impl<'a> Selects<'a> {
    fn read(selection: &'a Selection) -> Self {
        Self { selection, patterns: selection.tag_pattern_list.iter().map(|pattern| Pattern::read(pattern)).collect() }
    }

    /// "If you specify multiple tags, only the images with all specified tags are selected."
    fn fits(&self, image: &Candidate<'_>) -> bool {
        let some = |fits: &dyn Fn(&str) -> bool| image.tags.iter().any(|tag| fits(tag));
        match self.selection.tag_status {
            TagStatus::Any => true,
            TagStatus::Untagged => image.tags.is_empty(),
            TagStatus::Tagged => {
                let prefixes = &self.selection.tag_prefix_list;
                prefixes.iter().all(|prefix| some(&|tag| tag.starts_with(prefix.as_str())))
                    && self.patterns.iter().all(|pattern| some(&|tag| pattern.fits(tag)))
            }
        }
    }
}
