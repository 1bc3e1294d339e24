//! What a stopped task's network interface was, which is gone: enough to tell what it could not reach.

use crate::{State, ec2, state::Task};
use vpc::{Holder, Interface, PUBLIC_POOL};

/// The interface a task had; none if it never got one. Which public address it had is not known any more, only whether it had one.
pub fn former_interface(state: &State, task: &Task) -> Option<Interface> {
    let had = task.attachment.interface.as_ref()?;
    let default = || ec2::interface::default_group(state, &had.vpc);
    let asked = &task.launch.security_groups;
    let public = task.launch.assign_public_ip.then(|| (had.private_ip, PUBLIC_POOL.network().into()));
    Some(Interface {
        subnet: task.launch.subnet.clone(),
        private_ip: had.private_ip,
        mac: had.mac,
        secondary_ips: Default::default(),
        public_ips: public.into_iter().collect(),
        security_groups: if asked.is_empty() {
            default().into_iter().collect()
        } else {
            asked.iter().cloned().collect()
        },
        source_dest_check: true,
        holder: Holder::Task,
    })
}
