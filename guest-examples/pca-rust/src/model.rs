//! What a model says about itself, and how many components it needs. No tensors here.

use std::collections::HashMap;
use tinyjson::JsonValue;

/// What predictions are to be like.
#[derive(Debug, PartialEq)]
pub(crate) struct Settings {
    pub(crate) whiten: bool,
    pub(crate) reconstruction_error: bool,
}

impl Settings {
    /// The archive's metadata, a JSON object.
    pub(crate) fn metadata(&self) -> String {
        // Written by hand, not from a map: its keys would come in another order, and the model in other bytes, with every run.
        format!(r#"{{"whiten":{},"reconstruction_error":{}}}"#, self.whiten, self.reconstruction_error)
    }

    /// The settings that `metadata` wrote down, or what is wrong with it.
    pub(crate) fn of_metadata(json: &str) -> Result<Settings, String> {
        let parsed: JsonValue = json.parse().map_err(|error| format!("the model's metadata is not JSON: {error}"))?;
        let fields: HashMap<String, JsonValue> = parsed.try_into().map_err(|_| "the model's metadata is not a JSON object".to_owned())?;
        let flag = |name: &str| match fields.get(name) {
            Some(JsonValue::Boolean(value)) => Ok(*value),
            _ => Err(format!("the model's metadata does not say whether {name} is true")),
        };
        Ok(Settings { whiten: flag("whiten")?, reconstruction_error: flag("reconstruction_error")? })
    }
}

/// The least number of leading variances, at least one, that make up `ratio` of the total.
pub(crate) fn components_for(variances: &[f64], total: f64, ratio: f64) -> usize {
    let mut explained = 0.0;
    // Rounding may leave the sum of all a little short of the total.
    let enough = ratio * total * (1.0 - 1e-12);
    let found = variances.iter().position(|variance| {
        explained += variance;
        explained >= enough
    });
    found.map_or(variances.len(), |last| last + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_gives_its_settings_back() {
        for (whiten, reconstruction_error) in [(true, false), (false, true)] {
            let settings = Settings { whiten, reconstruction_error };
            assert_eq!(Settings::of_metadata(&settings.metadata()), Ok(settings));
        }
    }

    #[test]
    fn metadata_of_something_else_is_refused_with_the_reason() {
        for (json, reason) in [("", "not JSON"), ("[]", "not a JSON object"), (r#"{"whiten":1}"#, "whether whiten")] {
            let error = Settings::of_metadata(json).expect_err(json);
            assert!(error.contains(reason), "{json}: {error}");
        }
    }

    #[test]
    fn a_ratio_takes_the_fewest_components_that_reach_it() {
        let variances = [6.0, 3.0, 1.0, 0.0];
        for (ratio, wanted) in [(0.1, 1), (0.6, 1), (0.61, 2), (0.9, 2), (0.95, 3), (1.0, 3)] {
            assert_eq!(components_for(&variances, 10.0, ratio), wanted, "{ratio}");
        }
        assert_eq!(components_for(&[0.0, 0.0], 0.0, 0.5), 1);
    }
}
