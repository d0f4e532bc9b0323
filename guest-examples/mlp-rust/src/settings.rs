//! Words of hyperparameters as values. Plain Rust.

/// Which question the model answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Task {
    /// Of so many classes.
    Classes(u32),
    Number,
}

impl Task {
    /// Width of the network's end.
    pub(crate) fn outputs(self) -> u32 {
        match self {
            Task::Classes(n_classes) => n_classes,
            Task::Number => 1,
        }
    }
}

/// The most classes that a network tells apart; `num_classes` in the description has the same limit.
pub(crate) const MOST_CLASSES: u32 = 100_000;

/// What hidden units do with their sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Activation {
    Relu,
    Tanh,
    Sigmoid,
}

/// The spelling of each in hyperparameters and in the model's metadata.
const ACTIVATIONS: [(&str, Activation); 3] = [("relu", Activation::Relu), ("tanh", Activation::Tanh), ("sigmoid", Activation::Sigmoid)];

impl Activation {
    pub(crate) fn from_name(name: &str) -> Option<Activation> {
        ACTIVATIONS.iter().find(|(known, _)| *known == name).map(|(_, activation)| *activation)
    }

    pub(crate) fn name(self) -> &'static str {
        ACTIVATIONS.iter().find(|(_, known)| *known == self).map_or("", |(name, _)| name)
    }

    /// Of the sum z.
    pub(crate) fn formula(self) -> &'static str {
        match self {
            Activation::Relu => "relu(z)",
            Activation::Tanh => "tanh(z)",
            Activation::Sigmoid => "sigmoid(z)",
        }
    }

    /// The gradient g of the activation y, carried to the sum. Dropped units have y 0 and g 0, and units that stayed are larger by `s`.
    pub(crate) fn gradient_formula(self) -> &'static str {
        match self {
            Activation::Relu => "where(y > 0, g, 0)",
            Activation::Tanh => "g * (1 - (y * s) ^ 2)",
            Activation::Sigmoid => "g * (y * s) * (1 - y * s)",
        }
    }

    /// Variance of the first weights, times the mean of a layer's inputs and outputs (Glorot and Bengio, AISTATS 2010; for relu twice as much,
    /// since it lets half of the units through).
    pub(crate) fn gain(self) -> f64 {
        match self {
            Activation::Relu => 2.0,
            Activation::Tanh | Activation::Sigmoid => 1.0,
        }
    }
}

/// How the learning rate falls from epoch to epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Schedule {
    Constant,
    Linear,
    /// Half a wave of a cosine (Loshchilov and Hutter, ICLR 2017, without restarts).
    Cosine,
}

impl Schedule {
    pub(crate) fn from_name(name: &str) -> Option<Schedule> {
        match name {
            "constant" => Some(Schedule::Constant),
            "linear" => Some(Schedule::Linear),
            "cosine" => Some(Schedule::Cosine),
            _ => None,
        }
    }

    /// The share of the learning rate that epoch `epoch` of `epochs`, from 1, has: all of it in the first, and 0 after the last.
    pub(crate) fn share(self, epoch: u32, epochs: u32) -> f64 {
        let done = f64::from(epoch - 1) / f64::from(epochs);
        match self {
            Schedule::Constant => 1.0,
            Schedule::Linear => 1.0 - done,
            Schedule::Cosine => (1.0 + (std::f64::consts::PI * done).cos()) / 2.0,
        }
    }
}

/// Units of hidden layers from text such as "64, 32".
pub(crate) fn hidden_layers(text: &str) -> Result<Vec<u32>, String> {
    if text.trim().is_empty() {
        return Ok(Vec::new());
    }
    let layer = |word: &str| match word.trim().parse() {
        Ok(units @ 1..=65_536) => Ok(units),
        _ => Err(format!("hidden_layers '{text}': '{}' is no number of units from 1 to 65536; write for instance 64,32", word.trim())),
    };
    text.split(',').map(layer).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_layers_are_numbers_between_commas() {
        assert_eq!(hidden_layers("64, 32"), Ok(vec![64, 32]));
        assert_eq!(hidden_layers("7"), Ok(vec![7]));
        assert_eq!(hidden_layers(" "), Ok(vec![]));
        for text in ["64,,32", "0", "-3", "ten", "70000", "64 32"] {
            let error = hidden_layers(text).expect_err(text);
            assert!(error.contains("is no number of units") && error.contains(text), "{error}");
        }
    }

    #[test]
    fn a_schedule_begins_with_the_whole_rate_and_falls_towards_nothing() {
        let shares = |schedule: Schedule| [1, 3, 4].map(|epoch| (schedule.share(epoch, 4) * 1000.0).round());
        assert_eq!(shares(Schedule::Constant), [1000.0; 3]);
        assert_eq!(shares(Schedule::Linear), [1000.0, 500.0, 250.0]);
        assert_eq!(shares(Schedule::Cosine), [1000.0, 500.0, 146.0]);
    }

    #[test]
    fn activations_have_one_name() {
        for (name, activation) in ACTIVATIONS {
            assert_eq!((Activation::from_name(name), activation.name()), (Some(activation), name));
        }
    }
}
