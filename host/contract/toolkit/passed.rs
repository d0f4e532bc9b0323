//! Which of the container's variables a guest may see: the job's own, nothing that opens a door, nothing of this process.

/// Variables of Amazon's that only say where the job runs.
const HARMLESS: [&str; 3] = ["AWS_REGION", "AWS_DEFAULT_REGION", "AWS_EXECUTION_ENV"];

/// Of this process and its image, not of the job.
const OWN: [&str; 13] =
    ["PATH", "HOME", "USER", "LOGNAME", "SHELL", "PWD", "OLDPWD", "SHLVL", "_", "TERM", "TMPDIR", "SAGEMAKER_BASE_DIR", "LS_COLORS"];
const OWN_PREFIXES: [&str; 4] = ["ALGOHOST_", "RUST_", "LD_", "SSH_"];

/// Words of names that hold secrets.
const SECRETS: [&str; 8] = ["SECRET", "PASSWORD", "PASSWD", "CREDENTIAL", "ACCESS_KEY", "PRIVATE_KEY", "API_KEY", "APIKEY"];

/// Keeps what a guest may see, sorted by name.
pub(in crate::contract) fn passed(variables: Vec<(String, String)>) -> Vec<(String, String)> {
    let mut passed: Vec<_> = variables.into_iter().filter(|(name, value)| !is_withheld(name, value)).collect();
    passed.sort();
    passed
}

fn is_withheld(name: &str, value: &str) -> bool {
    let upper = name.to_ascii_uppercase();
    let own = OWN.contains(&name) || OWN_PREFIXES.iter().any(|prefix| name.starts_with(prefix));
    let platform = (upper.starts_with("AWS_") && !HARMLESS.contains(&name)) || upper.starts_with("ECS_");
    let secret = SECRETS.iter().any(|word| upper.contains(word)) || upper.split('_').any(|word| word == "TOKEN");
    own || platform || secret || has_secret(value)
}

/// Addresses at which credentials are handed out, key identifiers, private keys, and URLs with a password.
fn has_secret(value: &str) -> bool {
    let with_password = |rest: &str| {
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        authority.rsplit_once('@').is_some_and(|(user, _)| user.contains(':'))
    };
    let is_key = |word: &str| word.len() == 20 && (word.starts_with("AKIA") || word.starts_with("ASIA"));
    ["169.254.169.254", "169.254.170.2", "fd00:ec2::", "PRIVATE KEY-----"].iter().any(|sign| value.contains(sign))
        || value.split("://").skip(1).any(with_password)
        || value.split(|c: char| !c.is_ascii_uppercase() && !c.is_ascii_digit()).any(is_key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_jobs_own_variables_pass_and_secrets_do_not() {
        for (name, value) in [
            ("TRAINING_JOB_NAME", "job-1"),
            ("TRAINING_JOB_ARN", "arn:aws:sagemaker:us-east-1:1:training-job/job-1"),
            ("AWS_REGION", "us-east-1"),
            ("AWS_EXECUTION_ENV", "AWS_ECS_EC2"),
            ("DMLC_INTERFACE", "eth0"),
            ("NVIDIA_VISIBLE_DEVICES", "void"),
            ("MY_SETTING", "https://example.com/a@b:c"),
            ("TOKENIZERS_PARALLELISM", "false"),
            ("SM_HP_MP_PARAMETERS", "{}"),
            ("EMPTY", ""),
        ] {
            assert!(!is_withheld(name, value), "{name}");
        }
        for (name, value) in [
            ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/credentials/x"),
            ("AWS_ACCESS_KEY_ID", "x"),
            ("aws_session_token", "x"),
            ("ECS_CONTAINER_METADATA_URI_V4", "http://x"),
            ("HF_TOKEN", "x"),
            ("DB_PASSWORD", "x"),
            ("METADATA", "http://169.254.170.2/v3"),
            ("KEY", "AKIAIOSFODNN7EXAMPLE"),
            ("DATABASE_URL", "postgres://me:secret@db/x"),
            ("CERTIFICATE", "-----BEGIN RSA PRIVATE KEY-----"),
            ("PATH", "/bin"),
            ("LD_PRELOAD", "x.so"),
            ("ALGOHOST_COMPONENT", "a.wasm"),
            ("SAGEMAKER_BASE_DIR", "/somewhere"),
        ] {
            assert!(is_withheld(name, value), "{name}");
        }
    }
}
