"""Cases that run with `pytest -m slow` only: the suite shall take five minutes on two cores.

Each has a sister in the suite: the other format, another seed, the same fault in another setting.
"""

CASES = """
faults/test_full_disk.py::test_it_stops_cleanly_at_the_reserve[video]
faults/test_hdf5_kills.py::test_the_recorder_is_killed[0]
faults/test_kills.py::test_ffmpeg_is_killed[0]
faults/test_rig_kills.py::test_an_ffmpeg_dies[top SIGKILL of two]
faults/test_settle_dead.py::test_a_file_that_began_with_a_gap[('hdf5', 'gray8', 'fast')]
faults/test_settle_dead.py::test_ffmpeg_was_killed_too[('video', 'gray8', 'x264')]
faults/test_settle_dead.py::test_frames_that_were_in_the_ring_get_rows[('hdf5', 'gray8', 'fast')]
faults/test_settle_kills.py::test_a_kill_between_or_within_any_two_writes_of_the_settling[0.7-some]
faults/test_settle_kills.py::test_an_index_of_any_height_grows_on[4096]
integration/test_network_camera.py::test_claims_25_and_sends_60
integration/test_record_command.py::test_exit_code[dropped]
integration/test_record_command.py::test_exit_code[resize]
integration/test_rig.py::test_a_camera_that_dies_while_the_others_are_opened_fails_the_start
integration/test_rig.py::test_no_recording_begins_while_cameras_are_opened
integration/test_rig.py::test_the_graver_of_two_exit_codes_is_the_commands
integration/test_rig_changes.py::test_a_camera_that_cannot_be_opened_the_new_way_can_be_opened_another_way
integration/test_rig_faults.py::test_a_frozen_picture_is_said_at_once_and_kept[hdf5-places1]
integration/test_rig_faults.py::test_its_recording_ends_while_it_is_restarting[patience1]
integration/test_rig_faults.py::test_some_faults_cost_one_restart_and_a_gap[hdf5]
integration/test_ring_processes.py::test_a_watcher_that_dies_does_not_harm_the_ring[named-9]
integration/test_segments.py::test_a_file_goes_on_while_the_next_one_cannot_be_begun[hdf5]
integration/test_segments.py::test_an_encoder_that_dies_costs_no_seam[30]
integration/test_segments.py::test_the_end_is_told_when_the_files_of_the_dead_are_counted[hdf5]
integration/test_segments.py::test_the_size_only_grows[hdf5]
integration/test_window_commands.py::test_a_window_opens_and_a_signal_closes_it[SIGHUP-cv2 was there before]
integration/test_window_commands.py::test_a_window_opens_and_a_signal_closes_it[SIGINT-as it is]
unit/test_storage.py::test_a_file_that_did_not_reach_the_disk_replaces_nothing[pictures]
"""  # noqa: E501 - the names of tests
