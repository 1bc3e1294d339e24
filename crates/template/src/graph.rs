//! What comes before what.

use std::collections::{BTreeMap, BTreeSet};

/// By name, the names that are needed first. What is not a key itself is there already.
pub(crate) type Graph<'a> = BTreeMap<&'a str, BTreeSet<&'a str>>;

/// Names in an order in which each comes after what it needs.
///
/// # Errors
/// The names that need each other in a circle, sorted.
pub(crate) fn order<'a>(graph: &Graph<'a>) -> Result<Vec<&'a str>, Vec<&'a str>> {
    let mut waiting: BTreeMap<&str, usize> = BTreeMap::new();
    let mut needed_by: BTreeMap<&str, Vec<&'a str>> = BTreeMap::new();
    for (name, needs) in graph {
        let needs = needs.iter().filter(|need| graph.contains_key(*need));
        waiting.insert(name, needs.clone().count());
        needs.for_each(|need| needed_by.entry(need).or_default().push(name));
    }
    let mut ready: Vec<&str> = graph.keys().filter(|name| waiting.get(*name) == Some(&0)).copied().collect();
    let mut order = Vec::with_capacity(graph.len());
    while let Some(name) = ready.pop() {
        order.push(name);
        for after in needed_by.get(name).into_iter().flatten() {
            let Some(count) = waiting.get_mut(after) else { continue };
            *count = count.saturating_sub(1);
            if *count == 0 {
                ready.push(after);
            }
        }
    }
    if order.len() == graph.len() { Ok(order) } else { Err(circle(graph, &order)) }
}

/// What neither came out in order nor only waits for a circle.
fn circle<'a>(graph: &Graph<'a>, order: &[&str]) -> Vec<&'a str> {
    let done: BTreeSet<&str> = order.iter().copied().collect();
    let mut left: BTreeSet<&str> = graph.keys().copied().filter(|name| !done.contains(name)).collect();
    loop {
        let needed: BTreeSet<&str> = left.iter().filter_map(|name| graph.get(name)).flatten().copied().collect();
        let before = left.len();
        left.retain(|name| needed.contains(name));
        if left.len() == before {
            return left.into_iter().collect();
        }
    }
}
