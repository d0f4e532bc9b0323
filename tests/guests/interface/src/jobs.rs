//! `job`.

use crate::algohost::ml::job::{self, Level};
use crate::algohost::ml::types::{Error, ErrorCode};
use crate::expect_code;

pub(crate) fn check() -> Result<(), Error> {
    assert_eq!(job::number("a_number")?, 0.25);
    assert_eq!(job::number("an_integer")?, 7.0);
    assert_eq!(job::integer("an_integer")?, 7);
    assert!(!job::flag("a_flag")?);
    assert_eq!(job::text("a_choice")?, "green");
    assert_eq!(job::text("a_text")?, "some \"text\"");
    assert_eq!(job::text("a_list")?, "[64,32]");
    assert_eq!(job::text("pairs")?, "[[0.5,1.0],[2.0,3.0]]");
    assert!(job::has("a_text") && !job::has("not_given") && !job::has("sagemaker_region"));
    expect_code(job::text("not_given"), ErrorCode::NotFound, "'not_given' has no value");
    expect_code(job::flag("a_text"), ErrorCode::InvalidInput, "not true or false");
    let all = job::hyperparameters();
    assert!(all.contains("\"an_integer\":7") && !all.contains("sagemaker"), "{all}");

    let cluster = job::cluster_info();
    assert_eq!((cluster.rank, cluster.size, cluster.current_host.as_str()), (1, 3, "algo-2"));
    assert_eq!(cluster.hosts, ["algo-1", "algo-2", "algo-3"]);
    assert_eq!((cluster.network_interface.as_str(), cluster.instance_type.as_deref()), ("eth1", Some("ml.m5.large")));
    assert_eq!((cluster.group.as_deref(), cluster.groups.len()), (Some("small"), 2));
    assert_eq!((cluster.groups[1].name.as_str(), cluster.groups[1].hosts.len()), ("large", 1));

    assert!(!job::should_stop() && job::remaining_ms().is_none());
    job::progress(1.0, 2.0);
    for level in [Level::Trace, Level::Debug, Level::Info, Level::Warn, Level::Error] {
        job::log(level, "a line\nthat is one");
    }
    Ok(())
}
