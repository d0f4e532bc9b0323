//! What is written beside the trees: how scores become answers, and which features mattered.

use std::collections::HashMap;
use std::fmt::Write;
use tinyjson::JsonValue;

/// The archive's metadata.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Metadata {
    pub(crate) objective: String,
    pub(crate) n_features: u32,
    /// One for each output.
    pub(crate) base_scores: Vec<f64>,
    /// Rounds whose trees are kept.
    pub(crate) n_rounds: u32,
    /// For each feature the sum of its splits' gains.
    pub(crate) gains: Vec<f64>,
    /// For each feature the number of its splits.
    pub(crate) splits: Vec<f64>,
}

impl Metadata {
    /// As a JSON object, its keys always in the same order: the same job gives the same bytes.
    pub(crate) fn to_json(&self) -> String {
        let list = |numbers: &[f64]| numbers.iter().map(f64::to_string).collect::<Vec<_>>().join(",");
        let mut json = format!(r#"{{"objective":"{}","num_feature":{},"#, self.objective, self.n_features);
        let (base, gains, splits) = (list(&self.base_scores), list(&self.gains), list(&self.splits));
        // Writing to a string does not fail.
        let _ = write!(
            json,
            r#""num_round":{},"base_score":[{base}],"feature_importance":{{"total_gain":[{gains}],"weight":[{splits}]}}}}"#,
            self.n_rounds
        );
        json
    }

    /// What `to_json` wrote, or what is wrong with it.
    pub(crate) fn from_json(json: &str) -> Result<Metadata, String> {
        let parsed: JsonValue = json.parse().map_err(|error| format!("the model's metadata is not JSON: {error}"))?;
        let fields = object(&parsed).ok_or("the model's metadata is not a JSON object")?;
        let missing = |key: &str| format!("the model's metadata has no usable {key}");
        let number = |key: &str| fields.get(key).and_then(JsonValue::get::<f64>).copied().ok_or_else(|| missing(key));
        let objective = fields.get("objective").and_then(JsonValue::get::<String>).ok_or_else(|| missing("objective"))?;
        let importance = fields.get("feature_importance").and_then(object).ok_or_else(|| missing("feature_importance"))?;
        Ok(Metadata {
            objective: objective.clone(),
            n_features: number("num_feature")? as u32,
            base_scores: numbers(fields, "base_score").ok_or_else(|| missing("base_score"))?,
            n_rounds: number("num_round")? as u32,
            gains: numbers(importance, "total_gain").ok_or_else(|| missing("total_gain"))?,
            splits: numbers(importance, "weight").ok_or_else(|| missing("weight"))?,
        })
    }

    /// The features that gained most, for the log.
    pub(crate) fn most_important(&self, count: usize) -> String {
        let total: f64 = self.gains.iter().sum();
        let mut order: Vec<usize> = (0..self.gains.len()).filter(|&feature| self.gains[feature] > 0.0).collect();
        order.sort_by(|&a, &b| self.gains[b].total_cmp(&self.gains[a]));
        let shares = order.iter().take(count).map(|&feature| format!("{feature}: {:.1} %", 100.0 * self.gains[feature] / total));
        shares.collect::<Vec<_>>().join(", ")
    }
}

fn object(value: &JsonValue) -> Option<&HashMap<String, JsonValue>> {
    value.get()
}

fn numbers(fields: &HashMap<String, JsonValue>, key: &str) -> Option<Vec<f64>> {
    fields.get(key)?.get::<Vec<JsonValue>>()?.iter().map(|number| number.get::<f64>().copied()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metadata() -> Metadata {
        let base_scores = vec![-0.1, 0.30000000000000004];
        let (gains, splits) = (vec![1.0, 0.0, 3.0], vec![2.0, 0.0, 1.0]);
        Metadata { objective: "multi:softprob".to_owned(), n_features: 3, base_scores, n_rounds: 7, gains, splits }
    }

    #[test]
    fn metadata_survives_its_json() {
        assert_eq!(Metadata::from_json(&metadata().to_json()), Ok(metadata()));
    }

    #[test]
    fn metadata_of_something_else_is_refused_with_the_reason() {
        for (json, reason) in
            [("", "not JSON"), ("[]", "not a JSON object"), ("{}", "objective"), (r#"{"objective":"a"}"#, "feature_importance")]
        {
            let error = Metadata::from_json(json).expect_err(json);
            assert!(error.contains(reason), "{json}: {error}");
        }
    }

    #[test]
    fn the_most_important_features_come_first() {
        assert_eq!(metadata().most_important(5), "2: 75.0 %, 0: 25.0 %");
        assert_eq!(metadata().most_important(1), "2: 75.0 %");
    }
}
