# Who may do what, and what there is to be had.

data "aws_iam_policy_document" "tasks" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["ecs-tasks.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [data.aws_caller_identity.current.account_id]
    }
  }
}

resource "aws_iam_role" "task" {
  name_prefix        = "many-"
  description        = "generation ${var.generation}"
  assume_role_policy = data.aws_iam_policy_document.tasks.json
}

resource "aws_iam_role_policy" "task" {
  role   = aws_iam_role.task.id
  policy = data.aws_iam_policy_document.logs.json
}

data "aws_iam_policy_document" "logs" {
  statement {
    actions   = ["logs:PutLogEvents", "logs:CreateLogStream"]
    resources = ["${aws_cloudwatch_log_group.main.arn}:*"]
  }
}

resource "aws_iam_policy" "logs" {
  name        = "many-logs"
  description = "writes logs"
  policy      = var.generation == 1 ? data.aws_iam_policy_document.logs.json : replace(data.aws_iam_policy_document.logs.json, "logs:PutLogEvents", "logs:GetLogEvents")
}

resource "aws_iam_role_policy_attachment" "logs" {
  role       = aws_iam_role.task.name
  policy_arn = aws_iam_policy.logs.arn
}

resource "aws_iam_instance_profile" "task" {
  name = "many"
  role = aws_iam_role.task.name
}

resource "aws_cloudwatch_log_group" "main" {
  name              = "/many"
  retention_in_days = 7 * var.generation
}

resource "aws_cloudwatch_log_stream" "main" {
  name           = "stream"
  log_group_name = aws_cloudwatch_log_group.main.name
}

resource "aws_ecr_repository" "main" {
  name                 = "many/app"
  image_tag_mutability = var.generation == 1 ? "MUTABLE" : "IMMUTABLE"
  force_delete         = true

  image_scanning_configuration {
    scan_on_push = false
  }
}

resource "aws_ecr_lifecycle_policy" "main" {
  repository = aws_ecr_repository.main.name
  policy = jsonencode({
    rules = [{
      rulePriority = 1
      description  = "few"
      selection    = { tagStatus = "any", countType = "imageCountMoreThan", countNumber = 10 * var.generation }
      action       = { type = "expire" }
    }]
  })
}

resource "aws_ecr_repository_policy" "main" {
  repository = aws_ecr_repository.main.name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "Pull"
      Effect    = "Allow"
      Principal = { AWS = "arn:${data.aws_partition.current.partition}:iam::${data.aws_caller_identity.current.account_id}:root" }
      Action    = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
    }]
  })
}

resource "aws_ssm_parameter" "list" {
  name  = "/many/list"
  type  = "StringList"
  value = "a,b,${var.generation}"
}

data "aws_ssm_parameter" "list" {
  name = aws_ssm_parameter.list.name
}

resource "aws_secretsmanager_secret" "main" {
  name                    = "many"
  description             = "generation ${var.generation}"
  recovery_window_in_days = 0
}

resource "aws_secretsmanager_secret_version" "main" {
  secret_id     = aws_secretsmanager_secret.main.id
  secret_string = jsonencode({ user = "me", generation = var.generation })
}

resource "aws_secretsmanager_secret_policy" "main" {
  secret_arn = aws_secretsmanager_secret.main.arn
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { AWS = aws_iam_role.task.arn }
      Action    = "secretsmanager:GetSecretValue"
      Resource  = "*"
    }]
  })
}
