//! Every function of the interface, called by a guest that checks the answers.

use serde_json::json;

use crate::support::{Base, Server, algohost, guest};

#[test]
fn every_function_of_the_interface_answers_as_documented() {
    let base = Base::new();
    base.hyperparameters(
        &json!({"a_number": 0.25, "pairs": "[[0.5, 1], [2, 3]]", "a_text": "\"some \\\"text\\\"\"", "sagemaker_region": "x"}),
    );
    base.channels(&json!({
        "train": {"TrainingInputMode": "File", "ContentType": "text/csv", "S3DistributionType": "ShardedByS3Key"},
        "text": {"TrainingInputMode": "FastFile"}
    }));
    base.write("input/data/train/a.csv", "1,2,3\n4,5,6\n").write("input/data/train/b.csv", "7,8,9\n");
    base.write("input/data/text/sub/a.txt", "hello").write("input/data/text/.hidden", "no").write("input/data/text/_SUCCESS", "");
    let resources = json!({
        "current_host": "algo-2", "hosts": ["algo-3", "algo-2", "algo-1"], "network_interface_name": "eth1",
        "current_instance_type": "ml.m5.large", "current_group_name": "small",
        "instance_groups": [
            {"instance_group_name": "small", "instance_type": "ml.m5.large", "hosts": ["algo-1", "algo-2"]},
            {"instance_group_name": "large", "instance_type": "ml.m5.xlarge", "hosts": ["algo-3"]}
        ]
    });
    base.write("input/config/resourceconfig.json", resources.to_string());
    let run = algohost(["train"]).base(base.path()).env("ALGOHOST_COMPONENT", guest("interface")).env("ALGOHOST_TENSOR_MB", "64");
    let outcome = run.env("ALGOHOST_LOG", "trace").run().expect_status(0);
    assert!(outcome.stdout.contains("checked=1 step=1\n"), "{}", outcome.stdout);
    assert!(outcome.stderr.contains("WARN algorithm: a line\\nthat is one\n"), "{}", outcome.stderr);

    // 16 MB for each of two instances; each request forgets a tensor of one.
    let server = Server::start(base.path(), &guest("interface"), &[("ALGOHOST_TENSOR_MB", "32"), ("ALGOHOST_INSTANCES", "2")]);
    for _ in 0..100 {
        assert_eq!(server.csv("1,2\n").expect_status(200).text(), r#"{"predictions":[{"same":[1.0,2.0]}]}"#);
    }
}
