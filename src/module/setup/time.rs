//! The target's clock, in all the forms that Ansible gives.

use super::Facts;
use crate::base::Map;
use crate::module::Context;

/// `date_time`, local and UTC.
pub fn gather(facts: &mut Facts, ctx: &Context<'_>) {
    let utc = jiff::Timestamp::from_nanosecond(i128::from(ctx.clock.now().0)).unwrap_or_default();
    let local = utc.to_zoned(jiff::tz::TimeZone::system());
    let forms = [
        ("year", "%Y"),
        ("month", "%m"),
        ("weekday", "%A"),
        ("weekday_number", "%w"),
        ("weeknumber", "%W"),
        ("day", "%d"),
        ("hour", "%H"),
        ("minute", "%M"),
        ("second", "%S"),
        ("date", "%Y-%m-%d"),
        ("time", "%H:%M:%S"),
        ("iso8601_basic", "%Y%m%dT%H%M%S%6f"),
        ("iso8601_basic_short", "%Y%m%dT%H%M%S"),
        ("tz", "%Z"),
        ("tz_offset", "%z"),
    ];
    let mut map: Map = forms.iter().map(|(name, form)| (*name, local.strftime(form).to_string())).collect();
    map.insert("epoch", utc.as_second().to_string());
    map.insert("epoch_int", utc.as_second().to_string());
    map.insert("iso8601", utc.strftime("%Y-%m-%dT%H:%M:%SZ").to_string());
    map.insert("iso8601_micro", utc.strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string());
    map.insert("tz_dst", daylight_name(&local));
    facts.set("date_time", map);
}

/// What the zone is called in summer; its own name where the clock is never changed.
fn daylight_name(now: &jiff::Zoned) -> String {
    let zone = now.time_zone();
    let transitions = zone.following(now.timestamp()).take(2);
    let summer = transitions.filter(|t| t.dst().is_dst()).map(|t| t.abbreviation().to_owned()).next();
    summer.unwrap_or_else(|| now.strftime("%Z").to_string())
}
