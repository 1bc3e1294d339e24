//! The difference between a table and its plan, as the messages of one transaction.

use super::{pairs, state::State};
use crate::{
    Error,
    name::NamespaceName,
    netlink::{
        Refusal, Socket,
        message::Message,
        nftables::{self, ChainState, TableState, fingerprint},
    },
    plan::table::{Key, Name, Set, Table, Value},
};
use std::{collections::BTreeMap, sync::Arc};

/// A message, what it does and to what.
struct Step(&'static str, Name, Message);

/// Makes the table as planned, in one transaction; says how many changes that took.
pub(super) fn apply(
    name: &NamespaceName,
    socket: &mut Socket,
    state: &mut State,
    planned: &Table,
) -> Result<usize, Error> {
    let steps = steps(state, planned);
    let count = steps.len();
    if count == 0 {
        return Ok(0);
    }
    let described: Vec<(&'static str, Name)> = steps.iter().map(|step| (step.0, step.1.clone())).collect();
    let failed = |Refusal { index, errno }| {
        let (step, what) = described.get(index).cloned().unwrap_or(("change", "the table".into()));
        Error::new(step, format!("{what} in the nftables of {name}"), errno)
    };
    nftables::transaction(socket, steps.into_iter().map(|step| step.2).collect()).map_err(failed)?;
    // Another process may have made a change right after ours: then this generation is not ours alone, but the next full pass would
    // trust it. So what is kept is the number that ours must have been, one after the one known before, if that is what it is.
    let now = nftables::generation(socket).ok();
    let expected = state.generation.map(|before| before.wrapping_add(1).max(1));
    state.generation = now.filter(|now| Some(*now) == expected);
    (state.strange, state.other_tables) = (false, Vec::new());
    let chains = planned.chains.iter().map(|(name, chain)| (name.clone(), ChainState::of(chain))).collect();
    state.table = Some(TableState { sets: planned.sets.clone(), chains, timeouts: planned.timeouts.clone() });
    Ok(count)
}

/// Whether nothing needs to be changed, told without a socket.
pub(super) fn is_as_planned(state: &State, planned: &Table) -> bool {
    steps(state, planned).is_empty()
}

/// What leads from the state to the plan. The order is what the kernel needs: a set or chain is there before it is named and named
/// no more before it goes.
fn steps(state: &State, planned: &Table) -> Vec<Step> {
    let mut steps: Vec<Step> = state
        .other_tables
        .iter()
        .map(|(family, name)| Step("delete", name.as_str().into(), nftables::delete_table(*family, name)))
        .collect();
    let nothing = TableState::default();
    let current = match &state.table {
        Some(table) if !state.strange && mendable(table, planned) => table,
        damaged => {
            if damaged.is_some() {
                steps.push(Step("replace", nftables::TABLE.into(), nftables::delete_table(1, nftables::TABLE)));
            }
            steps.push(Step("add", nftables::TABLE.into(), nftables::add_table()));
            &nothing
        }
    };
    add_sets_and_chains(&mut steps, current, planned);
    for (name, set) in &planned.sets {
        let gone = missing(elements(current, name), &set.elements);
        let messages = nftables::delete_elements(name, &gone, set.shape);
        steps.extend(messages.into_iter().map(|message| Step("delete elements of", name.clone(), message)));
    }
    let timeout = |seconds: &u32| Name::from(format!("timeout-{seconds}"));
    for new in planned.timeouts.difference(&current.timeouts) {
        steps.push(Step("add", timeout(new), nftables::add_timeout(*new)));
    }
    rule_steps(&mut steps, current, planned);
    for gone in current.timeouts.difference(&planned.timeouts) {
        steps.push(Step("delete", timeout(gone), nftables::delete_timeout(*gone)));
    }
    for (name, set) in &planned.sets {
        let new = missing(&set.elements, elements(current, name));
        let messages = nftables::add_elements(name, &new, set.shape);
        steps.extend(messages.into_iter().map(|message| Step("add elements to", name.clone(), message)));
    }
    for name in current.sets.keys().filter(|name| !planned.sets.contains_key(*name)) {
        steps.push(Step("delete the set", name.clone(), nftables::delete_set(name)));
    }
    for name in current.chains.keys().filter(|name| !planned.chains.contains_key(*name)) {
        steps.push(Step("delete the chain", name.clone(), nftables::delete_chain(name)));
    }
    steps
}

/// Whether no set and no chain would have to become another kind of set or chain, which nftables can't do in place.
fn mendable(table: &TableState, planned: &Table) -> bool {
    let same_shape = |(name, set): (&Name, &Arc<Set>)| planned.sets.get(name).is_none_or(|p| p.shape == set.shape);
    let same_hook = |(name, chain): (&Name, &ChainState)| match planned.chains.get(name) {
        Some(planned) => planned.hook == chain.hook,
        None => chain.hook.is_none(),
    };
    table.sets.iter().all(same_shape) && table.chains.iter().all(same_hook)
}

fn add_sets_and_chains(steps: &mut Vec<Step>, current: &TableState, planned: &Table) {
    for (id, (name, set)) in planned.sets.iter().enumerate() {
        if !current.sets.contains_key(name) {
            steps.push(Step("add the set", name.clone(), nftables::add_set(name, set.shape, id as u32 + 1)));
        }
    }
    for (name, chain) in &planned.chains {
        if !current.chains.contains_key(name) {
            steps.push(Step("add the chain", name.clone(), nftables::add_chain(name, chain)));
        }
    }
}

/// Chains whose rules differ lose all of them and get the planned ones.
fn rule_steps(steps: &mut Vec<Step>, current: &TableState, planned: &Table) {
    for (name, chain) in &current.chains {
        let same =
            planned.chains.get(name).is_some_and(|p| p.rules.iter().map(fingerprint).eq(chain.rules.iter().copied()));
        if !same && !chain.rules.is_empty() {
            steps.push(Step("delete the rules of", name.clone(), nftables::flush_chain(name)));
        }
    }
    for (name, chain) in &planned.chains {
        let current = current.chains.get(name).map(|chain| chain.rules.as_slice()).unwrap_or_default();
        if !chain.rules.iter().map(fingerprint).eq(current.iter().copied()) {
            steps.extend(
                chain.rules.iter().map(|rule| Step("add a rule to", name.clone(), nftables::add_rule(name, rule))),
            );
        }
    }
}

type Elements = BTreeMap<Key, Option<Value>>;

/// The elements a set has now.
fn elements<'a>(current: &'a TableState, name: &Name) -> &'a Elements {
    static NONE: Elements = BTreeMap::new();
    current.sets.get(name).map_or(&NONE, |set| &set.elements)
}

/// The elements of one that are not in the other, or there with another value.
fn missing<'a>(of: &'a Elements, other: &'a Elements) -> Vec<(&'a Key, &'a Option<Value>)> {
    let differs = |(key, a, b): (&'a Key, Option<&'a _>, Option<&'a _>)| a.filter(|a| Some(*a) != b).map(|a| (key, a));
    pairs(of, other).filter_map(differs).collect()
}
