"""A run for tools that a team has already: `openlineage` makes events, `mlflow` what a tracking server stores. Both pure, of records only;
`mlflow_client` sends."""
