//! What comes before what.

use std::collections::{BTreeMap, BTreeSet};

/// By name, the names that are needed first. What is not a key itself is there already.
pub(crate) type Graph<'a> = BTreeMap<&'a str, BTreeSet<&'a str>>;

/// Names in an order in which each comes after what it needs.
///
/// # Errors
/// The names that need each other in a circle, sorted.
pub(crate) fn order<'a>(graph: &Graph<'a>) -> Result<Vec<&'a str>, Vec<&'a str>> {
    let order = sorted(graph);
    if order.len() == graph.len() {
        return Ok(order);
    }
    // What is left is in a circle, waits for one, or is between two.
    let done: BTreeSet<&str> = order.into_iter().collect();
    let mut needed_by = Graph::new();
    for (name, needs) in graph.iter().filter(|(name, _)| !done.contains(*name)) {
        needed_by.entry(name).or_default();
        for need in needs.iter().filter(|need| graph.contains_key(*need) && !done.contains(*need)) {
            needed_by.entry(need).or_default().insert(name);
        }
    }
    let waiting: BTreeSet<&str> = sorted(&needed_by).into_iter().collect();
    Err(needed_by.into_keys().filter(|name| !waiting.contains(name)).collect())
}

/// As many names as can be brought in order.
fn sorted<'a>(graph: &Graph<'a>) -> Vec<&'a str> {
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
    order
}
