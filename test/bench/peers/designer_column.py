"""DataDesigner: one text column over a seed dataset.

argv: base URL, questions as JSON Lines, folder for the output, requests in flight.
"""

import os
import sys

import pandas

os.environ["NONE_KEY"] = "none"
os.environ.setdefault("NEMO_TELEMETRY_ENABLED", "false")

import data_designer.config as dd  # noqa: E402
from data_designer.interface import DataDesigner  # noqa: E402

base_url, questions, out, in_flight = sys.argv[1:]
rows = pandas.read_json(questions, lines=True, dtype=str)
designer = DataDesigner(
    artifact_path=out,
    model_providers=[
        dd.ModelProvider(name="local", endpoint=base_url, provider_type="openai", api_key="NONE_KEY")
    ],
)
config = dd.DataDesignerConfigBuilder(
    model_configs=[
        dd.ModelConfig(
            alias="drafter",
            model="fake",
            provider="local",
            inference_parameters=dd.ChatCompletionInferenceParams(
                max_tokens=512, max_parallel_requests=int(in_flight)
            ),
        )
    ]
)
config.with_seed_dataset(dd.DataFrameSeedSource(df=rows))
config.add_column(dd.LLMTextColumnConfig(name="answer", model_alias="drafter", prompt="{{ question }}"))
result = designer.create(config, num_records=len(rows), dataset_name="five-thousand")
print(int(result.load_dataset()["answer"].notna().sum()))
