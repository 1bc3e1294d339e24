//! What every runtime has to do, seen from inside containers and by the caller. Each contract is a function of the runtime;
//! [`contracts!`] makes a test of each.

pub mod attach;
pub mod errors;
pub mod escapes;
pub mod fixture;
pub mod hostile;
pub mod isolation;
pub mod lifecycle;
pub mod limits;
pub mod output;
pub mod storage;

/// Makes a test of every contract for one runtime.
#[macro_export]
macro_rules! contracts {
    ($runtime:expr; $($module:ident: $($name:ident)*;)*) => {
        $(mod $module {
            $(#[test]
            fn $name() {
                $crate::suite::$module::$name($runtime);
            })*
        })*
    };
}

/// The contracts every runtime keeps.
#[macro_export]
macro_rules! common_contracts {
    ($runtime:expr) => {
        $crate::contracts! {
            $runtime;
            isolation: standard_streams_open_by_their_names own_namespaces shares_the_tasks_network capabilities_are_exactly_the_default_set capabilities_follow_the_lists
                seccomp_denies_what_docker_denies no_new_privileges paths_are_masked devices_are_dockers
                no_descriptor_leaks the_hosts_mounts_are_invisible control_groups_are_read_only user_is_switched;
            lifecycle: environment_has_dockers_defaults exit_codes_are_reported signals_reach_the_first_process a_killed_container_is_137
                commands_run_inside commands_time_out commands_do_not_block_other_calls survives_its_callers_death
                a_shim_in_the_making_is_adopted a_shim_in_the_making_is_removed
                dies_with_its_shim removing_twice_is_fine;
            attach: streams_are_apart_and_come_to_their_end exit_codes_are_the_commands a_command_is_what_its_container_is
                another_user_has_no_more_than_the_container nothing_of_the_host_is_open_in_a_command a_command_ends_with_its_caller
                a_command_ends_with_its_container a_slow_reader_stops_only_its_command a_task_is_opened_by_others;
            limits: too_much_memory_is_an_oom_kill the_tasks_memory_limit_is_an_oom_kill processes_are_limited cpu_is_throttled rlimits_are_set;
            storage: the_root_can_be_read_only volumes_are_shared an_empty_volume_gets_the_images_content
                an_images_content_takes_no_more_room_in_a_volume files_are_bound layers_are_never_written
                many_layers usage_counts_what_is_written;
            errors: a_missing_command a_directory_as_command a_file_that_is_not_executable unknown_users;
            escapes: a_symlink_as_dev_is_refused a_symlink_as_proc_is_refused users_are_the_images_own
                devices_made_inside_do_not_open release_agents_are_out_of_reach kernel_settings_are_out_of_reach;
            hostile: no_environment_leaks no_environment_is_on_disk dangerous_calls_are_refused nothing_survives_removal;
            output: lines_keep_their_order_and_stream a_full_log_stops_a_blocking_container a_full_log_drops_lines_when_non_blocking;
        }
    };
}
