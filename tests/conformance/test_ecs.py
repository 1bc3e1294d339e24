"""Clusters and task definitions, as boto3 and the AWS CLI use them."""

import json

from tasks import container, define

MYAPP = {
    "family": "myapp",
    "requiresCompatibilities": ["FARGATE"],
    "networkMode": "awsvpc",
    "cpu": "256",
    "memory": "512",
    "containerDefinitions": [
        {"name": "web", "image": "web", "portMappings": [{"containerPort": 80}], "cpu": 10, "memory": 200, "essential": True},
        {"name": "api", "image": "api", "portMappings": [{"containerPort": 8080}], "cpu": 10, "memory": 200, "essential": True},
    ],
}


def test_clusters(ecs):
    made = ecs.create_cluster(clusterName="c1", tags=[{"key": "a", "value": "b"}])["cluster"]
    assert made["status"] == "ACTIVE" and made["clusterArn"].endswith(":cluster/c1")
    assert ecs.create_cluster(clusterName="c1")["cluster"]["clusterArn"] == made["clusterArn"]
    assert made["clusterArn"] in ecs.list_clusters()["clusterArns"]
    described = ecs.describe_clusters(clusters=["c1", "c2"], include=["TAGS"])
    assert described["clusters"][0]["tags"] == [{"key": "a", "value": "b"}]
    assert [(f["reason"], f["arn"].rsplit("/", 1)[1]) for f in described["failures"]] == [("MISSING", "c2")]
    assert ecs.delete_cluster(cluster="c1")["cluster"]["status"] == "INACTIVE"


def test_the_main_task_definition_is_registered_as_aws_answers(ecs):
    answer = ecs.register_task_definition(**MYAPP)["taskDefinition"]
    assert answer["taskDefinitionArn"].endswith(f":task-definition/myapp:{answer['revision']}")
    assert (answer["status"], answer["cpu"], answer["memory"], "FARGATE" in answer["compatibilities"]) == ("ACTIVE", "256", "512", True)
    assert answer["containerDefinitions"][0]["portMappings"] == [{"containerPort": 80, "hostPort": 80, "protocol": "tcp"}]
    assert ecs.describe_task_definition(taskDefinition="myapp")["taskDefinition"]["revision"] == answer["revision"]


def test_revisions_families_and_deregistration(ecs):
    arns = [define(ecs, container(), family="fam") for _ in range(2)]
    assert [a.rsplit(":", 1)[1] for a in arns] == ["1", "2"]
    assert ecs.list_task_definitions(familyPrefix="fam")["taskDefinitionArns"] == arns
    assert ecs.deregister_task_definition(taskDefinition="fam:2")["taskDefinition"]["status"] == "INACTIVE"
    assert ecs.describe_task_definition(taskDefinition="fam")["taskDefinition"]["revision"] == 1
    assert define(ecs, container(), family="fam").endswith(":3")
    assert "fam" in ecs.list_task_definition_families(familyPrefix="fam")["families"]


def test_tags_on_resources(ecs):
    arn = define(ecs, container(), tags=[{"key": "a", "value": "1"}])
    ecs.tag_resource(resourceArn=arn, tags=[{"key": "b", "value": "2"}])
    ecs.untag_resource(resourceArn=arn, tagKeys=["a"])
    assert ecs.list_tags_for_resource(resourceArn=arn)["tags"] == [{"key": "b", "value": "2"}]


def test_the_command_line_client_registers_it_from_a_file(shared, ecs, tmp_path):
    path = tmp_path / "task.json"
    path.write_text(json.dumps(MYAPP))
    answer = shared.aws("ecs", "register-task-definition", "--cli-input-json", f"file://{path}")
    assert answer["taskDefinition"]["family"] == "myapp"
    shared.aws("ecs", "list-task-definitions", "--family-prefix", "myapp")
