# Amazon ECS.

resource "aws_ecs_cluster" "main" {
  name = "many"

  setting {
    name  = "containerInsights"
    value = var.generation == 1 ? "enabled" : "disabled"
  }

  service_connect_defaults {
    namespace = aws_service_discovery_http_namespace.mesh.arn
  }
}

resource "aws_ecs_cluster_capacity_providers" "main" {
  cluster_name       = aws_ecs_cluster.main.name
  capacity_providers = ["FARGATE", "FARGATE_SPOT"]

  default_capacity_provider_strategy {
    capacity_provider = "FARGATE_SPOT"
    weight            = var.generation
  }
}

resource "aws_ecs_task_definition" "main" {
  family                   = "many"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = 512
  memory                   = 1024
  task_role_arn            = aws_iam_role.task.arn
  execution_role_arn       = aws_iam_role.task.arn

  runtime_platform {
    operating_system_family = "LINUX"
    cpu_architecture        = "X86_64"
  }

  ephemeral_storage {
    size_in_gib = 30
  }

  volume {
    name = "shared"
  }

  container_definitions = jsonencode([
    {
      name         = "app"
      image        = "${aws_ecr_repository.main.repository_url}:v1"
      environment  = [{ name = "B", value = "2" }, { name = "A", value = "1" }]
      secrets      = [{ name = "USER", valueFrom = "${aws_secretsmanager_secret.main.arn}:user::" }]
      mountPoints  = [{ sourceVolume = "shared", containerPath = "/shared" }]
      dependsOn    = [{ containerName = "side", condition = "START" }]
      portMappings = [{ name = "http", containerPort = 80, appProtocol = "http" }]
      healthCheck  = { command = ["CMD-SHELL", "true"], interval = 10, retries = 2 }
      ulimits      = [{ name = "nofile", softLimit = 2048, hardLimit = 4096 }]
    },
    {
      name      = "side"
      image     = "busybox"
      essential = false
      command   = ["sleep", "100"]
    }
  ])
}

resource "aws_ecs_service" "main" {
  name            = "many"
  cluster         = aws_ecs_cluster.main.arn
  task_definition = aws_ecs_task_definition.main.arn
  desired_count   = 0
  propagate_tags  = "SERVICE"

  deployment_minimum_healthy_percent = 50 * var.generation
  deployment_maximum_percent         = 200

  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }

  capacity_provider_strategy {
    capacity_provider = "FARGATE"
    weight            = 1
  }

  network_configuration {
    subnets         = [for subnet in aws_subnet.main : subnet.id]
    security_groups = [aws_security_group.main.id]
  }

  load_balancer {
    target_group_arn = aws_lb_target_group.http[0].arn
    container_name   = "app"
    container_port   = 80
  }

  service_connect_configuration {
    enabled = true

    service {
      port_name = "http"

      client_alias {
        port     = 80
        dns_name = "many"
      }
    }
  }

  depends_on = [aws_lb_listener.https, aws_ecs_cluster_capacity_providers.main]
}

resource "aws_appautoscaling_target" "main" {
  service_namespace  = "ecs"
  scalable_dimension = "ecs:service:DesiredCount"
  resource_id        = "service/${aws_ecs_cluster.main.name}/${aws_ecs_service.main.name}"
  min_capacity       = 0
  max_capacity       = 4 * var.generation
}

resource "aws_appautoscaling_policy" "steps" {
  name               = "steps"
  policy_type        = "StepScaling"
  service_namespace  = aws_appautoscaling_target.main.service_namespace
  scalable_dimension = aws_appautoscaling_target.main.scalable_dimension
  resource_id        = aws_appautoscaling_target.main.resource_id

  step_scaling_policy_configuration {
    adjustment_type         = "ChangeInCapacity"
    cooldown                = 60 * var.generation
    metric_aggregation_type = "Average"

    step_adjustment {
      metric_interval_lower_bound = 0
      scaling_adjustment          = 1
    }
  }
}

resource "aws_appautoscaling_scheduled_action" "night" {
  name               = "night"
  service_namespace  = aws_appautoscaling_target.main.service_namespace
  scalable_dimension = aws_appautoscaling_target.main.scalable_dimension
  resource_id        = aws_appautoscaling_target.main.resource_id
  schedule           = "cron(0 22 * * ? *)"

  scalable_target_action {
    min_capacity = 0
    max_capacity = var.generation
  }
}

resource "aws_cloudwatch_metric_alarm" "steps" {
  alarm_name          = "many-steps"
  alarm_actions       = [aws_appautoscaling_policy.steps.arn]
  comparison_operator = "GreaterThanOrEqualToThreshold"
  evaluation_periods  = 2
  threshold           = 10 * var.generation

  metric_query {
    id          = "load"
    expression  = "requests / 60"
    return_data = true
  }

  metric_query {
    id = "requests"

    metric {
      namespace   = "AWS/ApplicationELB"
      metric_name = "RequestCount"
      dimensions  = { LoadBalancer = aws_lb.http.arn_suffix }
      stat        = "Sum"
      period      = 60
    }
  }
}
