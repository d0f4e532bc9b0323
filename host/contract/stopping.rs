//! The job's own limit of time, where `input/config/trainingjobconfig.json` tells it. That file is the request the job was made by and may
//! hold what must not be seen: nothing of it is shown, in errors neither.

use std::time::Duration;

use serde_json::Value;

use super::paths::Base;

const FILE: &str = "trainingjobconfig.json";

/// The platform allows 28 days; a longer limit is none.
const LONGEST: u64 = 366 * 24 * 3600;

/// `StoppingCondition.MaxRuntimeInSeconds`; none when the file, which is optional, does not say it.
pub(super) fn max_runtime(base: &Base) -> Option<Duration> {
    let text = std::fs::read_to_string(base.config_file(FILE)).ok()?;
    let request: Value = serde_json::from_str(&text).ok()?;
    let seconds = request.get("StoppingCondition")?.get("MaxRuntimeInSeconds")?;
    let seconds = seconds.as_u64().or_else(|| seconds.as_str()?.trim().parse().ok())?;
    (1..=LONGEST).contains(&seconds).then(|| Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_read_where_it_is_and_nothing_else_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let base = Base::new(folder.path());
        assert_eq!(max_runtime(&base), None);
        std::fs::create_dir_all(folder.path().join("input/config")).unwrap();
        for (text, seconds) in [
            (r#"{"RoleArn": "arn", "StoppingCondition": {"MaxRuntimeInSeconds": 3600}}"#, Some(3600)),
            (r#"{"StoppingCondition": {"MaxRuntimeInSeconds": "60"}}"#, Some(60)),
            (r#"{"StoppingCondition": {"MaxRuntimeInSeconds": 0}}"#, None),
            (r#"{"StoppingCondition": {"MaxRuntimeInSeconds": -1}}"#, None),
            (r#"{"StoppingCondition": {"MaxRuntimeInSeconds": 1e300}}"#, None),
            (r#"{"StoppingCondition": null}"#, None),
            ("[]", None),
            ("{", None),
        ] {
            std::fs::write(base.config_file(FILE), text).unwrap();
            assert_eq!(max_runtime(&base), seconds.map(Duration::from_secs), "{text}");
        }
    }
}
