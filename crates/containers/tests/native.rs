//! The contract suite on our own launcher. Needs root.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

#[allow(dead_code, reason = "some contracts are the host's runtimes' alone")]
mod suite;

common_contracts!(containers::RuntimeKind::Native);

mod native {
    crate::contracts! {
        containers::RuntimeKind::Native;
        isolation: a_task_can_share_its_processes;
        lifecycle: commands_run_as_named_users init_reaps_and_forwards the_init_process_is_not_writable terminals_and_standard_input sysctls_are_set;
        attach: a_terminal_is_the_containers keys_and_sizes_reach_the_command jobs_are_controlled
            a_terminals_command_ends_with_its_caller a_terminal_comes_from_the_kernel a_joining_command_has_no_more_rights;
        errors: an_exec_format_error a_working_directory_that_is_a_file a_limit_beyond_the_hosts a_failed_start_leaves_nothing
            a_variables_value_is_not_shown;
        hostile: the_dying_are_not_throttled a_command_that_floods_comes_to_its_end an_ended_containers_output_may_go_on nothing_visible_has_more_rights
            nothing_shared_has_more_rights an_unfinished_line_does_not_hold_up_the_rest a_line_longer_than_the_log_passes
            a_deep_tree_is_counted_and_removed mount_points_through_the_images_links files_are_bound_whatever_etc_is;
        escapes: a_mount_target_stays_inside a_working_directory_through_descriptors;
    }
}
