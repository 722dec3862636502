//! Variables that hold keys of the process itself: no pipeline sees them.

use forebay_tests_pipelines::{Finished, Folder, default_plugin};

const SECRET: &str = "do-not-print-me";
const KEYS: [&str; 3] = ["AWS_SECRET_ACCESS_KEY", "FOREBAY_X", "GOOGLE_APPLICATION_CREDENTIALS"];

fn with_secrets(pipeline: &str) -> Finished {
    let folder = Folder::new();
    let run = folder.run(pipeline).variable("HARMLESS", "shown");
    let run = KEYS.iter().fold(run, |run, key| run.variable(key, SECRET));
    let finished = run.args(&["--chilled"]).finish();
    assert!(!format!("{finished:?}").contains(SECRET), "{finished:?}");
    finished
}

fn pipeline(mapping: &str) -> String {
    format!(
        "input: {{generate: {{count: 1, interval: '', mapping: '{mapping}'}}}}\noutput: {{stdout: {{}}}}\n"
    )
}

#[test]
fn keys_in_the_text_of_a_pipeline_count_as_not_set() {
    for key in KEYS {
        let finished =
            with_secrets(&pipeline(&format!(r#"root = "${{{key}}} ${{{key}:none}} ${{HARMLESS}}""#))).well();
        assert_eq!(finished.stdout, " none shown\n");
        let complaint = format!("required environment variables were not set: [{key}]");
        assert!(finished.stderr.contains(&complaint), "{finished:?}");
    }
}

#[test]
fn keys_are_not_given_to_mappings() {
    for key in KEYS {
        let mapping = format!(r#"root = [env("{key}").catch("denied"), env("HARMLESS")]"#);
        assert_eq!(with_secrets(&pipeline(&mapping)).well().stdout, "[\"denied\",\"shown\"]\n", "{key}");
    }
}

#[test]
fn keys_are_not_given_to_interpolations() {
    let text = "\
input: {generate: {count: 1, interval: '', mapping: 'root = 1'}}
pipeline: {processors: [{log: {message: 'is ${! env(\"FOREBAY_X\").catch(\"denied\") } and ${! env(\"HARMLESS\") }'}}]}
output: {stdout: {}}
";
    let finished = with_secrets(text).well();
    assert!(finished.stderr.contains("is denied and shown"), "{finished:?}");
}

#[test]
fn a_plugin_from_a_folder_reads_no_variable_through_a_mapping() {
    let pipeline = pipeline(r#"root = env("HARMLESS").catch("denied")"#);
    let printed = |folder: &Folder, args: &[&str]| {
        folder.run(&pipeline).variable("HARMLESS", "shown").args(args).finish().well().stdout
    };
    let folder = Folder::new();
    assert_eq!(printed(&folder, &[]), "shown\n");
    folder.write("plugins/generate.wasm", default_plugin("generate"));
    let plugins = folder.path("plugins").display().to_string();
    assert_eq!(printed(&folder, &["-pluginDir", &plugins]), "denied\n");
}
