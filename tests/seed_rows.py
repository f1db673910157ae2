"""Each sentence of the seed: which part of the product owes it, and which live tests hold it.

Parts: A main job, B swap, C portal, D publishing, E what stays with a slot, F instances.
"""

from dataclasses import dataclass

DONE = ("A", "B", "C")
"""Parts that are finished: each of their rows has a test."""

SWAP = "tests/live/test_swap.py"
SEED = "tests/live/test_seed.py"
PORTAL = "tests/live/test_seed_portal.py"
CONFIGURATION = "tests/live/test_configuration.py"
CONFIGURE = "tests/live/test_configure.py"
PUSH = "tests/live/test_git_push.py"
PUBLISHING = "tests/live/test_publishing.py"
STAYS = "tests/live/test_stays_with_slot.py"
SCALE = "tests/live/test_scale.py"
BACK = "tests/live/test_preview_and_rollback.py"


@dataclass(frozen=True, slots=True)
class Row:
    """One sentence; `tests` are node ids without parameters."""

    number: int
    says: str
    owner: str
    tests: tuple[str, ...] = ()


ROWS = (
    Row(
        1,
        "several slots with Standard mode",
        "A",
        (f"{SEED}::test_four_slots_beside_production_where_the_setting_says_so",),
    ),
    Row(
        2,
        "enabling makes the default site the production slot; swap without down time",
        "A",
        (f"{SWAP}::test_swaps_there_and_back_lose_no_request", f"{PORTAL}::test_the_dashboard_names_the_slot"),
    ),
    Row(
        3,
        "publish to staging and validate before the swap",
        "A",
        (
            f"{SEED}::test_staging_is_validated_at_its_own_address_before_the_swap",
            f"{PORTAL}::test_browse_opens_the_address_of_the_selected_slot",
        ),
    ),
    Row(
        4,
        "incremental content updates",
        "D",
        (f"{PUBLISHING}::test_content_is_added_and_updated_bit_by_bit",),
    ),
    Row(5, "swap the original content back", "A", (f"{SWAP}::test_a_second_swap_rolls_back_at_once",)),
    Row(
        6,
        "all instances are warm before the swap",
        "A",
        (
            f"{SWAP}::test_every_instance_is_warm_before_the_first_visitor",
            f"{SWAP}::test_a_reused_instance_is_asked_again_each_time_it_goes_into_production",
        ),
    ),
    Row(7, "no request is dropped", "A", (f"{SWAP}::test_swaps_there_and_back_lose_no_request",)),
    Row(
        8,
        "one slot beside production",
        "A",
        (f"{SEED}::test_one_slot_beside_production_and_no_second_one",),
    ),
    Row(9, "Standard mode only", "A", (f"{SEED}::test_staged_publishing_needs_standard_mode",)),
    Row(
        10,
        "link on Quick Start or in quick glance",
        "A",
        (f"{PORTAL}::test_the_link_stands_on_both_pages_until_staging_exists",),
    ),
    Row(
        11, "the message of the other modes", "A", (f"{PORTAL}::test_upgrading_leads_to_scale_and_on_to_the_question",)
    ),
    Row(12, "UPGRADE on the Scale tab", "A", (f"{PORTAL}::test_upgrading_leads_to_scale_and_on_to_the_question",)),
    Row(13, "the question with the site's name", "A", (f"{PORTAL}::test_enabling_asks_and_opens_the_tree",)),
    Row(14, "the expand mark", "A", (f"{PORTAL}::test_enabling_asks_and_opens_the_tree",)),
    Row(15, "name followed by (staging)", "A", (f"{PORTAL}::test_enabling_asks_and_opens_the_tree",)),
    Row(16, "the slot's own pages, same tabs", "A", (f"{PORTAL}::test_the_slot_has_pages_of_its_own",)),
    Row(17, "name (staging) as title", "A", (f"{PORTAL}::test_the_slot_has_pages_of_its_own",)),
    Row(
        18,
        "the slot's own credentials",
        "D",
        (
            f"{PUBLISHING}::test_credentials_open_their_own_slot_before_and_after_a_swap",
            f"{PUSH}::test_a_repository_opens_to_its_own_slot_only_and_to_no_other_name",
        ),
    ),
    Row(
        19,
        "configuration cloned from production",
        "B",
        (f"{CONFIGURATION}::test_cloned_settings_and_those_edited_since_reach_each_slots_instances",),
    ),
    Row(
        20,
        "configuration of every slot is editable",
        "B",
        (f"{CONFIGURATION}::test_cloned_settings_and_those_edited_since_reach_each_slots_instances",),
    ),
    Row(
        21,
        "general settings change",
        "B",
        (f"{CONFIGURATION}::test_general_settings_and_connection_strings_travel_with_a_swap",),
    ),
    Row(
        22,
        "connection strings change",
        "B",
        (f"{CONFIGURATION}::test_general_settings_and_connection_strings_travel_with_a_swap",),
    ),
    Row(
        23,
        "handler mappings change",
        "B",
        (f"{CONFIGURATION}::test_handler_mappings_travel_with_a_swap",),
    ),
    Row(
        24,
        "monitoring and diagnostics change",
        "F",
        ("tests/live/test_events.py::test_a_flood_of_errors_is_told_and_a_swap_takes_its_rule_along",),
    ),
    Row(
        25,
        "publishing endpoints stay",
        "D",
        (
            f"{PUSH}::test_pushes_follow_what_the_slots_serve",
            f"{PUBLISHING}::test_credentials_open_their_own_slot_before_and_after_a_swap",
        ),
    ),
    Row(
        26,
        "custom domain names stay",
        "E",
        (f"{STAYS}::test_domain_names_and_certificates_stay_and_no_request_over_tls_is_lost",),
    ),
    Row(
        27,
        "certificates and bindings stay",
        "E",
        (f"{STAYS}::test_domain_names_and_certificates_stay_and_no_request_over_tls_is_lost",),
    ),
    Row(28, "scale settings stay", "E", (f"{SCALE}::test_size_and_counts_stay_with_their_slots_and_nobody_notices",)),
    Row(29, "only for sites in Standard mode", "A", (f"{SEED}::test_staged_publishing_needs_standard_mode",)),
    Row(
        30,
        "Free or Shared: no longer swappable",
        "E",
        (f"{SCALE}::test_outside_of_standard_mode_staging_serves_and_is_changed_but_not_swapped",),
    ),
    Row(
        31,
        "staging configured as production should be",
        "C",
        (f"{CONFIGURE}::test_staging_is_cloned_marked_and_compared",),
    ),
    Row(
        32,
        "select the staging slot in the list, then SWAP",
        "A",
        (f"{PORTAL}::test_a_swap_from_the_list_reminds_of_both_lists",),
    ),
    Row(33, "the question and both lists", "A", (f"{PORTAL}::test_a_swap_from_the_list_reminds_of_both_lists",)),
    Row(34, "the former production is in staging", "A", (f"{SWAP}::test_both_addresses_change_at_the_swap",)),
    Row(
        35,
        "the same from production",
        "A",
        (
            f"{SWAP}::test_a_swap_can_be_asked_for_from_either_side",
            f"{PORTAL}::test_both_sides_of_a_swap_say_the_same",
        ),
    ),
    Row(
        36,
        "roll back, then mend the new version in staging",
        "B",
        (f"{BACK}::test_two_clicks_roll_back_and_the_new_version_waits_in_staging_to_be_mended",),
    ),
    Row(
        37,
        "staging must still hold the unaltered version",
        "B",
        (f"{BACK}::test_an_altered_staging_is_named_and_the_person_chooses",),
    ),
    Row(38, "DELETE offers both and staging only", "A", (f"{PORTAL}::test_delete_offers_both_or_staging_only",)),
    Row(
        39,
        "one or both are deleted",
        "A",
        (
            f"{SEED}::test_deleting_staging_leaves_production_alone",
            f"{SEED}::test_deleting_the_site_removes_both_addresses",
        ),
    ),
    Row(
        40,
        "AutoScale only for production",
        "E",
        (f"{SCALE}::test_load_scales_production_out_and_in_again_and_staging_never",),
    ),
    Row(
        41,
        "linked resources only for production",
        "E",
        ("tests/live/test_linked_resources.py::test_a_link_is_productions_and_checked_and_its_string_is_cloned",),
    ),
    Row(
        42,
        "publish directly to production",
        "A",
        (
            f"{SEED}::test_production_can_be_published_to_directly",
            f"{PUSH}::test_pushes_follow_what_the_slots_serve",
        ),
    ),
)
